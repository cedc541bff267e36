import { type AbortOptions, checkSignal } from '../../arguments.js';
import { VirtualSmartCardError } from '../../errors.js';
import type { GidsCardConnection } from '../../gids/card-connection.js';
import type { PublicKey } from '../../gids/card-state.js';
import { checkContainerName } from '../../gids/container-map.js';
import { checkCiphertext, checkDigest } from '../../gids/key-operations.js';
import type { KeyProvider } from '../../native-windows.js';
import { Turns } from '../../turns.js';
import type {
  CardConnection,
  CardInfo,
  CertificateOptions,
  Completion,
  ContainerInfo,
  CredentialTries,
  DecryptionScheme,
  NewContainer,
  PinOption,
  SignatureScheme,
} from '../backend.js';
import { CardCertificates } from './card-certificates.js';
import { CardKeys, type KnownPin } from './card-keys.js';
import { CardPresence } from './card-presence.js';
import { completeContainer } from './complete-container.js';
import { HeldPin } from './held-pin.js';
import { KeyRoutes } from './key-routes.js';
import type { ProviderKeys } from './provider-keys.js';
import type { UserCertificates } from './user-certificates.js';
import type { WaysTaken } from './ways-taken.js';

/** What a connection to a card on Windows is made of. */
export interface CardParts {
  /** The card by its own commands; closed with the connection. */
  gids: GidsCardConnection;
  /** What changes and checks PIN, PUK and admin key, and leaves nobody logged in. */
  pins: Pick<CardConnection, 'verifyPin' | 'changePin' | 'unblockWithPuk' | 'asAdmin'>;
  providers: ProviderKeys;
  /** Asks the system for the container of the card's attestation key. */
  attestationKey: (options: AbortOptions) => Promise<string | undefined>;
  /** Which provider made a container of this card, by folded name. */
  makers: Map<string, KeyProvider>;
  /** undefined: the user's store of certificates is left alone. */
  certificates: UserCertificates | undefined;
  /** Told by `pins`, too. */
  ways: WaysTaken;
}

/**
 * A card of Windows: its keys by Windows' providers, its PINs by the card's module, everything else by
 * the card's own commands. A log-in is a copy of the PIN that this connection holds and gives with each
 * call; the card itself is logged in to only within a call. Calls are carried out one at a time, so that
 * no provider waits for a transaction of ours.
 */
export class WindowsCardConnection implements CardConnection {
  readonly #gids: GidsCardConnection;
  readonly #pins: CardParts['pins'];
  readonly #keys: CardKeys;
  readonly #certificates: CardCertificates;
  readonly #attestationKey: CardParts['attestationKey'];
  readonly #ways: WaysTaken;
  readonly #held = new HeldPin();
  readonly #turns = new Turns();
  #closed: Promise<void> | undefined;

  constructor(parts: CardParts) {
    const { gids, pins, providers, makers, certificates, ways } = parts;
    this.#gids = gids;
    this.#pins = pins;
    this.#ways = ways;
    this.#attestationKey = parts.attestationKey;
    const presence = new CardPresence(() => gids.pinTries());
    const routes = new KeyRoutes(providers, makers, presence);
    this.#keys = new CardKeys(gids, providers, routes, ways);
    this.#certificates = new CardCertificates({ gids, providers, routes, ways }, certificates);
  }

  async info(): Promise<CardInfo> {
    return this.#turn(() => this.#gids.info());
  }

  // Containers

  async containers(): Promise<ContainerInfo[]> {
    return this.#turn(() => this.#keys.containers());
  }

  async createContainer(
    spec: NewContainer,
    options: CertificateOptions,
    complete?: Completion,
  ): Promise<ContainerInfo> {
    checkContainerName(spec.name);
    return this.#withPin(options, async (known) =>
      this.#complete(await this.#keys.create(spec, known), complete, options, known),
    );
  }

  async importContainer(
    spec: Parameters<CardConnection['importContainer']>[0],
    options: CertificateOptions,
    complete?: Completion,
  ): Promise<ContainerInfo> {
    return this.#withPin(options, async (known) =>
      this.#complete(await this.#gids.importContainer(spec, known), complete, options, known),
    );
  }

  async deleteContainer(name: string, options: PinOption): Promise<void> {
    checkContainerName(name);
    await this.#withPin(options, (known) => this.#delete(name, known));
  }

  async setDefaultContainer(name: string, options: PinOption): Promise<void> {
    checkContainerName(name);
    await this.#withPin(options, (known) => this.#gids.setDefaultContainer(name, known));
  }

  async publicKey(name: string): Promise<PublicKey> {
    checkContainerName(name);
    return this.#turn(() => this.#keys.publicKey(name));
  }

  // Certificates

  async certificate(name: string): Promise<Buffer | undefined> {
    checkContainerName(name);
    return this.#turn(() => this.#certificates.read(name));
  }

  async storeCertificate(
    name: string,
    certificate: Uint8Array,
    options: CertificateOptions,
  ): Promise<void> {
    checkContainerName(name);
    const { friendlyName } = options;
    await this.#withPin(options, (known) =>
      this.#certificates.store(name, { certificate, friendlyName }, known),
    );
  }

  async deleteCertificate(name: string, options: PinOption): Promise<void> {
    checkContainerName(name);
    await this.#withPin(options, (known) => this.#certificates.delete(name, known));
  }

  async issuerBundle(): Promise<Buffer | undefined> {
    return this.#turn(() => this.#gids.issuerBundle());
  }

  async storeIssuerBundle(bundle: Uint8Array, options: PinOption): Promise<void> {
    await this.#withPin(options, (known) => this.#gids.storeIssuerBundle(bundle, known));
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
    return this.#withPin(options, (known) => this.#keys.sign(name, scheme, digest, known));
  }

  async decrypt(
    name: string,
    scheme: DecryptionScheme,
    ciphertext: Uint8Array,
    options: PinOption,
  ): Promise<Buffer> {
    checkContainerName(name);
    checkCiphertext(scheme, ciphertext);
    return this.#withPin(options, (known) => this.#keys.decrypt(name, scheme, ciphertext, known));
  }

  async attestationKeyContainer(options: AbortOptions): Promise<string | undefined> {
    return this.#turn(() => this.#attestationKey(options));
  }

  // PIN, PUK and admin key

  async verifyPin(pin: Uint8Array): Promise<void> {
    await this.#turn(async () => {
      this.#held.forget();
      await this.#pins.verifyPin(pin);
      this.#held.hold(pin);
    });
  }

  async logout(): Promise<void> {
    await this.#turn(async () => this.#held.forget());
  }

  async pinTries(): Promise<CredentialTries> {
    return this.#turn(() => this.#gids.pinTries());
  }

  async pukTries(): Promise<CredentialTries | undefined> {
    return this.#turn(() => this.#gids.pukTries());
  }

  async changePin(oldPin: Uint8Array, newPin: Uint8Array): Promise<void> {
    await this.#endingLogIn(() => this.#pins.changePin(oldPin, newPin));
  }

  async unblockWithPuk(puk: Uint8Array, newPin: Uint8Array): Promise<void> {
    await this.#endingLogIn(() => this.#pins.unblockWithPuk(puk, newPin));
  }

  async asAdmin(...[respond, action]: Parameters<CardConnection['asAdmin']>): Promise<void> {
    await this.#endingLogIn(() => this.#pins.asAdmin(respond, action));
  }

  async servedBy(): Promise<Readonly<Record<string, string>>> {
    return this.#ways.toRecord();
  }

  /** Ends the log-in and lets go of the card when the calls before have ended. Safe to call twice. */
  async close(): Promise<void> {
    this.#closed ??= this.#turns.take(async () => {
      this.#held.forget();
      await this.#gids.close();
    });
    return this.#closed;
  }

  /** Whoever makes a container may have more to be made of its key. */
  #complete(
    info: ContainerInfo,
    complete: Completion | undefined,
    { friendlyName }: CertificateOptions,
    known: KnownPin,
  ): Promise<ContainerInfo> {
    return completeContainer(info, complete, known.signal, {
      publicKey: (name) => this.#keys.publicKey(name),
      sign: (name, scheme, digest) => this.#keys.sign(name, scheme, digest, known),
      store: (name, certificate) =>
        this.#certificates.store(name, { certificate, friendlyName }, known),
      // After an abort, too.
      delete: (name) => this.#delete(name, { pin: known.pin, signal: undefined }),
    });
  }

  async #delete(name: string, known: KnownPin): Promise<void> {
    const certificate = await this.#certificates.inStore(name);
    await this.#keys.delete(name, known);
    await this.#certificates.takeOut(certificate);
  }

  #endingLogIn(work: () => Promise<void>): Promise<void> {
    return this.#turn(async () => {
      try {
        await work();
      } finally {
        this.#held.forget();
      }
    });
  }

  /** Work with the call's own PIN, or that of the log-in. One that is found wrong ends the log-in. */
  #withPin<T>({ pin, signal }: PinOption, work: (known: KnownPin) => Promise<T>): Promise<T> {
    return this.#turn(async () => {
      checkSignal(signal);
      const known = pin ?? this.#held.value;
      if (!known) throw pinRequired();
      try {
        return await work({ pin: known, signal });
      } catch (error) {
        const isWrong = VirtualSmartCardError.is(error, 'ERR_PIN_INCORRECT');
        if (isWrong || VirtualSmartCardError.is(error, 'ERR_PIN_BLOCKED')) this.#held.forget();
        throw isWrong && error.triesLeft === undefined ? await this.#withTriesLeft(error) : error;
      }
    });
  }

  /** A provider says that the PIN is wrong; how many tries are left, only the card does. */
  async #withTriesLeft(error: VirtualSmartCardError): Promise<VirtualSmartCardError> {
    let triesLeft: number;
    try {
      triesLeft = (await this.#gids.pinTries()).left;
    } catch {
      // The card does not tell just now; the PIN is wrong all the same.
      return error;
    }
    const left = triesLeft === 0 ? 'It is now blocked' : `${triesLeft} tries are left`;
    return new VirtualSmartCardError('ERR_PIN_INCORRECT', `${error.message} ${left}.`, {
      triesLeft,
      cause: error,
      ...(error.hresult !== undefined && { hresult: error.hresult }),
    });
  }

  #turn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) {
      const message = 'The connection to the card was closed.';
      return Promise.reject(new VirtualSmartCardError('ERR_CLOSED', message));
    }
    return this.#turns.take(work);
  }
}

function pinRequired(): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_PIN_REQUIRED',
    'This needs the PIN. Give it with the call, or verify it before.',
  );
}
