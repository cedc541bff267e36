import type { SignatureScheme } from '../../../../lib/backend/backend.js';
import { VirtualSmartCardError, type VirtualSmartCardErrorCode } from '../../../../lib/errors.js';
import type { GidsCardConnection } from '../../../../lib/gids/card-connection.js';
import type { NativeCall, NativeEventListener } from '../../../../lib/native-call.js';
import type {
  KeyProvider,
  NativeHash,
  NativeKeyAddress,
  NativeKeys,
  NativeListedKey,
  NativeNewKey,
  NativeStoredCertificate,
} from '../../../../lib/native-windows.js';
import type { TestCard } from '../../../support/gids-card.js';
import { FakeCall, nativeError } from './fake-call.js';
import { publicKeyBlob } from './public-key-blob.js';

const HRESULTS: Partial<Record<VirtualSmartCardErrorCode, number>> = {
  ERR_PIN_INCORRECT: 0x8010006b,
  ERR_PIN_BLOCKED: 0x8010006c,
  ERR_CONTAINER_EXISTS: 0x8009000f,
  ERR_CONTAINER_NOT_FOUND: 0x80090016,
  ERR_CONTAINER_LIMIT: 0x80090023,
  ERR_ALGORITHM_NOT_SUPPORTED: 0x80090029,
  ERR_DECRYPTION_FAILED: 0x80090005,
};

const BAD_ALGORITHM = 0x80090008;
const UNKNOWN_READER = 0x80100009;

type Padding = 'none' | 'pkcs1' | 'pss' | 'oaep';

/**
 * Windows' two providers over cards in software: each call is a connection of its own, as a provider's
 * is. Both list every key that is theirs to list: the CSP has RSA only.
 */
export class FakeKeys implements NativeKeys {
  /** The cards by the names of their readers. */
  readonly cards = new Map<string, TestCard>();
  /** Keys that a provider does not list, as `ksp NAME`. */
  readonly unlisted = new Set<string>();
  /** The calls so far: the function, the provider, the container. */
  readonly keyCalls: string[] = [];
  /** The user's store. */
  readonly stored: NativeStoredCertificate[] = [];
  /** Who hears what becomes of the certificate that was put in last. */
  storeListener: NativeEventListener | undefined;
  /** Put in front of every call; what it gives is the call instead. */
  intercept: (call: string) => NativeCall<never> | undefined = () => undefined;

  listKeys({ provider, readerName }: { provider: KeyProvider; readerName: string }) {
    return this.#call(`listKeys ${provider}`, readerName, async (connection) => {
      const keys: NativeListedKey[] = [];
      for (const { name, algorithm, keySpec } of await connection.containers()) {
        if (provider === 'csp' && algorithm.startsWith('EC')) continue;
        if (this.unlisted.has(`${provider} ${name}`)) continue;
        keys.push({ container: name, keySpec: keySpec === 'signature' ? 2 : 1 });
      }
      return keys;
    });
  }

  createKey(key: NativeNewKey, pin: Uint8Array) {
    const copy = Buffer.from(pin);
    return this.#call(nameOf('createKey', key), key.readerName, async (connection) => {
      if (key.provider === 'csp' && key.algorithm !== 'RSA') throw hresult(BAD_ALGORITHM);
      const algorithms = { ECDSA_P256: 'EC-P256', ECDSA_P384: 'EC-P384' } as const;
      const algorithm =
        key.algorithm === 'RSA' ? (`RSA-${key.bits}` as 'RSA-2048') : algorithms[key.algorithm];
      const keySpec = key.keySpec === 2 ? 'signature' : 'keyExchange';
      await connection.createContainer({ name: key.container, algorithm, keySpec }, { pin: copy });
    });
  }

  readPublicKey(key: NativeKeyAddress) {
    return this.#call(nameOf('readPublicKey', key), key.readerName, async (connection) =>
      publicKeyBlob(key.provider, await connection.publicKey(key.container)),
    );
  }

  signHash(
    key: NativeKeyAddress & { padding: 'none' | 'pkcs1' | 'pss'; hashName: NativeHash },
    hash: Uint8Array,
    pin: Uint8Array,
  ) {
    const [digest, copy] = [Buffer.from(hash), Buffer.from(pin)];
    return this.#call(nameOf('signHash', key), key.readerName, async (connection) => {
      requirePadding(key.provider, key.padding);
      const type: SignatureScheme['type'] = key.padding === 'none' ? 'ecdsa' : key.padding;
      const scheme = { type, hash: key.hashName };
      return connection.signDigest(key.container, scheme, digest, { pin: copy });
    });
  }

  decrypt(
    key: NativeKeyAddress & { padding: 'pkcs1' | 'oaep'; hashName: NativeHash | undefined },
    ciphertext: Uint8Array,
    pin: Uint8Array,
  ) {
    const [input, copy] = [Buffer.from(ciphertext), Buffer.from(pin)];
    return this.#call(nameOf('decrypt', key), key.readerName, async (connection) => {
      requirePadding(key.provider, key.padding, key.hashName);
      const scheme =
        key.padding === 'oaep'
          ? ({ type: 'oaep', hash: key.hashName ?? 'SHA1' } as const)
          : ({ type: 'pkcs1' } as const);
      return connection.decrypt(key.container, scheme, input, { pin: copy });
    });
  }

  readCertificate(key: NativeKeyAddress) {
    return this.#call(
      nameOf('readCertificate', key),
      key.readerName,
      async (connection) => (await connection.certificate(key.container)) ?? null,
    );
  }

  writeCertificate(key: NativeKeyAddress, certificate: Uint8Array, pin: Uint8Array) {
    const [content, copy] = [Buffer.from(certificate), Buffer.from(pin)];
    return this.#call(nameOf('writeCertificate', key), key.readerName, (connection) =>
      connection.storeCertificate(key.container, content, { pin: copy }),
    );
  }

  deleteKey(key: NativeKeyAddress, pin: Uint8Array) {
    const copy = Buffer.from(pin);
    return this.#call(nameOf('deleteKey', key), key.readerName, (connection) =>
      connection.deleteContainer(key.container, { pin: copy }),
    );
  }

  addStoredCertificate(certificate: NativeStoredCertificate, listener?: NativeEventListener) {
    this.storeListener = listener;
    const { provider, container } = certificate;
    return this.#intercepted(`addStoredCertificate ${provider} ${container}`, async () => {
      const at = this.#placeOf(certificate.certificate);
      const { friendlyName = this.stored[at]?.friendlyName, ...link } = certificate;
      const copy = {
        ...link,
        certificate: Buffer.from(certificate.certificate),
        ...(friendlyName !== undefined && { friendlyName }),
      };
      if (at < 0) this.stored.push(copy);
      else this.stored[at] = copy;
      return at < 0;
    });
  }

  removeStoredCertificate({
    certificate,
    container,
  }: {
    certificate: Uint8Array;
    container: string;
  }) {
    return this.#intercepted(`removeStoredCertificate ${container}`, async () => {
      const at = this.#placeOf(certificate);
      if (this.stored[at]?.container !== container) return false;
      this.stored.splice(at, 1);
      return true;
    });
  }

  listStoredCertificates() {
    return this.#intercepted('listStoredCertificates', async () =>
      this.stored.map(({ certificate, friendlyName: _, ...link }) => ({
        ...link,
        certificate: Buffer.from(certificate),
      })),
    );
  }

  #placeOf(certificate: Uint8Array): number {
    return this.stored.findIndex((each) => Buffer.from(certificate).equals(each.certificate));
  }

  #call<T>(
    name: string,
    readerName: string,
    work: (connection: GidsCardConnection) => Promise<T>,
  ): NativeCall<T> {
    return this.#intercepted(name, async () => {
      const card = this.cards.get(readerName);
      if (!card) throw hresult(UNKNOWN_READER);
      const connection = card.connection();
      try {
        return await work(connection);
      } catch (error) {
        const number = VirtualSmartCardError.is(error) ? HRESULTS[error.code] : undefined;
        throw number === undefined ? error : hresult(number);
      } finally {
        await connection.close();
      }
    });
  }

  #intercepted<T>(name: string, work: () => Promise<T>): NativeCall<T> {
    this.keyCalls.push(name);
    return this.intercept(name) ?? FakeCall.of(work());
  }
}

function nameOf(call: string, { provider, container }: NativeKeyAddress): string {
  return `${call} ${provider} ${container}`;
}

function requirePadding(provider: KeyProvider, padding: Padding, hash?: NativeHash): void {
  if (provider === 'ksp' || padding === 'pkcs1') return;
  if (padding === 'oaep' && hash === 'SHA1') return;
  throw hresult(BAD_ALGORITHM);
}

function hresult(number: number): Error {
  return nativeError('HRESULT', { hresult: number });
}
