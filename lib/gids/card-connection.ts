import type {
  CardConnection,
  CardInfo,
  CertificateOptions,
  Completion,
  ContainerInfo,
  CredentialTries,
  DecryptionScheme,
  KeySpec,
  NewContainer,
  PinOption,
  SignatureScheme,
} from '../backend/backend.js';
import { invalidArgument, VirtualSmartCardError } from '../errors.js';
import { publicKeyObject } from '../public-key.js';
import { wipe } from '../secret.js';
import type { Attestation } from '../tpm/attest.js';
import { Turns } from '../turns.js';
import { CardFiles } from './card-files.js';
import type { PublicKey } from './card-state.js';
import { CertificateStore, checkCertificate, parseCertificate } from './certificate-store.js';
import { answerChallenge } from './challenge-response.js';
import type { ApduChannel } from './channel.js';
import { GidsClient } from './client.js';
import { ContainerChanges, type ContainerSpec } from './container-changes.js';
import { type Container, ContainerDirectory, containerInfo } from './container-directory.js';
import { checkContainerName } from './container-map.js';
import type { KeyReference } from './key-commands.js';
import { checkCiphertext, checkDigest, decryptWithKey, signWithKey } from './key-operations.js';
import { PinSession } from './pin-session.js';
import { toCardPrivateKey } from './private-key.js';
import { cardResponseError } from './status-error.js';

const KEY_IS_OTHER_THAN_KNOWN = ['ERR_CONTAINER_NOT_FOUND', 'ERR_ALGORITHM_NOT_SUPPORTED'] as const;
const NOTHING_TO_PREPARE = async () => undefined;

/**
 * A connection to a GIDS card over any channel: one in this process, or a reader; one of our cards,
 * or one that Windows or OpenSC has set up. Calls on a connection are carried out whole, in order.
 */
export class GidsCardConnection implements CardConnection {
  readonly #channel: ApduChannel;
  readonly #info: () => Promise<CardInfo>;
  readonly #client: GidsClient;
  readonly #pin: PinSession;
  readonly #directory: ContainerDirectory;
  readonly #files: CardFiles;
  readonly #certificates: CertificateStore;
  readonly #changes: ContainerChanges;
  readonly #turns = new Turns();
  #closed: Promise<void> | undefined;

  /**
   * @param channel - closed with the connection, and used by nobody else
   * @param info - what `info()` answers
   */
  constructor(channel: ApduChannel, info: () => Promise<CardInfo>) {
    this.#channel = channel;
    this.#info = info;
    this.#client = new GidsClient(channel);
    this.#pin = new PinSession(this.#client);
    this.#files = new CardFiles(this.#client);
    this.#directory = new ContainerDirectory(this.#client, this.#files);
    this.#certificates = new CertificateStore(this.#files);
    this.#changes = new ContainerChanges(this.#client, this.#files, this.#certificates);
  }

  async info(): Promise<CardInfo> {
    return this.#turn(this.#info);
  }

  // Containers

  async containers(): Promise<ContainerInfo[]> {
    return this.#onCard(async () => {
      const containers = await this.#directory.list();
      const holders = await this.#certificates.holders(containers);
      return containers.map((each) => containerInfo(each, holders.has(each.index)));
    });
  }

  /**
   * One of them, without reading the others' certificates.
   *
   * @throws VirtualSmartCardError `ERR_CONTAINER_NOT_FOUND`
   */
  async container(name: string): Promise<ContainerInfo> {
    checkContainerName(name);
    return this.#onCard(async () => {
      const container = await this.#directory.find(name);
      const holders = await this.#certificates.holders([container]);
      return containerInfo(container, holders.has(container.index));
    });
  }

  async createContainer(
    spec: NewContainer,
    options: CertificateOptions,
    complete?: Completion,
  ): Promise<ContainerInfo> {
    const fill = (key: KeyReference) => this.#client.keys.generate(key);
    return this.#create(spec, options, fill, complete);
  }

  async importContainer(
    spec: { name: string; privateKey: Uint8Array; keySpec: KeySpec },
    options: CertificateOptions,
    complete?: Completion,
  ): Promise<ContainerInfo> {
    const { name, keySpec } = spec;
    const { algorithm, der, publicKey } = toCardPrivateKey(spec.privateKey);
    const fill = async ({ reference }: KeyReference) => {
      await this.#client.keys.import(reference, der);
      const imported = await this.#client.keys.readPublicKey(reference);
      if (publicKeyObject(imported).equals(publicKey)) return;
      throw cardResponseError('the key it imported is another one than it was given');
    };
    try {
      return await this.#create({ name, keySpec, algorithm }, options, fill, complete);
    } finally {
      wipe(der);
    }
  }

  async deleteContainer(name: string, options: PinOption): Promise<void> {
    checkContainerName(name);
    await this.#change(options, () => this.#changes.delete(name, options.signal));
  }

  async setDefaultContainer(name: string, options: PinOption): Promise<void> {
    checkContainerName(name);
    await this.#change(options, () => this.#changes.setDefault(name));
  }

  async publicKey(name: string): Promise<PublicKey> {
    checkContainerName(name);
    return this.#onCard(async () => this.#directory.publicKey(await this.#directory.find(name)));
  }

  // Certificates

  async certificate(name: string): Promise<Buffer | undefined> {
    checkContainerName(name);
    return this.#onCard(async () => this.#certificates.read(await this.#directory.find(name)));
  }

  async storeCertificate(name: string, certificate: Uint8Array, options: PinOption): Promise<void> {
    checkContainerName(name);
    const parsed = parseCertificate(certificate);
    const prepare = async () => {
      const container = await this.#directory.find(name);
      checkCertificate(parsed, await this.#directory.publicKey(container));
      return container;
    };
    await this.#onCard(() =>
      this.#pin.run(options, prepare, (container) =>
        this.#certificates.store(container, parsed.raw),
      ),
    );
  }

  async deleteCertificate(name: string, options: PinOption): Promise<void> {
    checkContainerName(name);
    await this.#withContainer(name, options, (container) => this.#certificates.delete(container));
  }

  async issuerBundle(): Promise<Buffer | undefined> {
    return this.#onCard(() => this.#certificates.readIssuers());
  }

  async storeIssuerBundle(bundle: Uint8Array, options: PinOption): Promise<void> {
    await this.#onCard(() =>
      this.#pin.run(options, NOTHING_TO_PREPARE, () => this.#certificates.storeIssuers(bundle)),
    );
  }

  // Keys

  async signDigest(
    name: string,
    scheme: SignatureScheme,
    digest: Uint8Array,
    options: PinOption,
  ): Promise<Buffer> {
    checkContainerName(name);
    checkDigest(scheme, digest);
    return this.#withContainer(name, options, (container) =>
      signWithKey(this.#client, container, scheme, digest),
    );
  }

  async decrypt(
    name: string,
    scheme: DecryptionScheme,
    ciphertext: Uint8Array,
    options: PinOption,
  ): Promise<Buffer> {
    checkContainerName(name);
    checkCiphertext(scheme, ciphertext);
    return this.#withContainer(name, options, async (container) => {
      const publicKey = await this.#directory.publicKey(container);
      return decryptWithKey(this.#client, container, publicKey, scheme, ciphertext);
    });
  }

  async attest(name: string, qualifyingData: Uint8Array, options: PinOption): Promise<Attestation> {
    checkContainerName(name);
    return this.#withContainer(name, options, ({ key }) =>
      this.#client.keys.attest(key.reference, qualifyingData),
    );
  }

  // PIN, PUK and admin key

  async verifyPin(pin: Uint8Array): Promise<void> {
    await this.#turn(() => this.#pin.logIn(pin));
  }

  async logout(): Promise<void> {
    await this.#turn(() => this.#pin.logOut());
  }

  async pinTries(): Promise<CredentialTries> {
    return this.#turn(() => this.#client.pinTries());
  }

  async pukTries(): Promise<CredentialTries | undefined> {
    return this.#turn(() => this.#client.pukTries());
  }

  async changePin(oldPin: Uint8Array, newPin: Uint8Array): Promise<void> {
    // Alone on the card: between old PIN and change another connection could set a PIN of another length.
    await this.#onCard(() => this.#pin.change(oldPin, newPin));
  }

  async unblockWithPuk(puk: Uint8Array, newPin: Uint8Array): Promise<void> {
    await this.#onCard(() => this.#pin.resetByPuk(puk, newPin));
  }

  async asAdmin(
    respond: (challenge: Uint8Array) => Promise<Uint8Array>,
    action: { resetPin: Uint8Array } | { setAdminKey: Uint8Array } | { authenticateOnly: true },
  ): Promise<void> {
    const card = {
      exclusively: <T>(work: () => Promise<T>) => this.#alone(work),
      challenge: () => this.#client.adminChallenge(),
      answer: async (response: Uint8Array) => {
        await this.#client.answerAdminChallenge(response);
        if ('resetPin' in action) await this.#client.resetPinByAdmin(action.resetPin);
        else if ('setAdminKey' in action) await this.#client.setAdminKey(action.setAdminKey);
      },
      // The one way to end an admin's authentication; it ends the user's too.
      reset: async () => {
        this.#pin.ended();
        await this.#client.reset();
      },
    };
    await this.#turn(() => answerChallenge(card, respond));
  }

  /** Lets go of the channel when the calls before have ended. Safe to call twice. */
  async close(): Promise<void> {
    this.#closed ??= this.#turns.take(() => this.#channel.close());
    return this.#closed;
  }

  async #create(
    spec: ContainerSpec,
    options: PinOption,
    fill: (key: KeyReference) => Promise<void>,
    complete: Completion | undefined,
  ): Promise<ContainerInfo> {
    checkContainerName(spec.name);
    if (spec.keySpec !== 'keyExchange' && spec.keySpec !== 'signature') {
      throw invalidArgument('keySpec', "'keyExchange' or 'signature'", String(spec.keySpec));
    }
    const { name, algorithm, keySpec } = spec;
    const filling = { fill, complete: complete && this.#completing(complete) };
    return this.#change(options, () =>
      this.#changes.create({ name, algorithm, keySpec }, filling, options.signal),
    );
  }

  /** Within the call that makes the container: it has the card, and the PIN is verified. */
  #completing(complete: Completion) {
    return async (container: Container): Promise<Uint8Array | undefined> => {
      const publicKey = await this.#directory.publicKey(container);
      const certificate = await complete({
        publicKey,
        signDigest: async (scheme, digest, other) => {
          checkDigest(scheme, digest);
          const signer = other === undefined ? container : await this.#directory.find(other);
          return signWithKey(this.#client, signer, scheme, digest);
        },
      });
      if (certificate === undefined) return undefined;
      const parsed = parseCertificate(certificate);
      checkCertificate(parsed, publicKey);
      return parsed.raw;
    };
  }

  /**
   * A change of the containers, with the PIN, which on a card without a file system is not tried.
   * Whatever becomes of it, they are read again.
   */
  async #change<T>(options: PinOption, work: () => Promise<T>): Promise<T> {
    const requireFileSystem = () => this.#files.readContainerMap();
    return this.#onCard(() =>
      this.#pin.run(options, requireFileSystem, async () => {
        this.#directory.forget();
        return work();
      }),
    );
  }

  /** Something with one container, with the PIN. A wrong name costs no try. */
  #withContainer<T>(
    name: string,
    options: PinOption,
    work: (container: Container) => Promise<T>,
  ): Promise<T> {
    return this.#onCard(async () => {
      try {
        return await this.#pin.run(options, () => this.#directory.find(name), work);
      } catch (error) {
        // A key that is not there, or is another one: what is known of the card is wrong.
        if (KEY_IS_OTHER_THAN_KNOWN.some((code) => VirtualSmartCardError.is(error, code))) {
          this.#directory.forget();
        }
        throw error;
      }
    });
  }

  /** A turn in which no other connection's command comes between, where the channel can do that. */
  #onCard<T>(work: () => Promise<T>): Promise<T> {
    return this.#turn(() => this.#alone(work));
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    return this.#channel.exclusively ? this.#channel.exclusively(work) : work();
  }

  #turn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(closed());
    return this.#turns.take(work);
  }
}

function closed(): VirtualSmartCardError {
  return new VirtualSmartCardError('ERR_CLOSED', 'The connection to the card was closed.');
}
