import type { PublicKey } from '../../gids/card-state.js';
import type { NativeCall } from '../../native-call.js';
import type {
  KeyProvider,
  NativeKeySpec,
  NativeListedKey,
  NativeNewKey,
} from '../../native-windows.js';
import type { DecryptionScheme, KeyAlgorithm, KeySpec, SignatureScheme } from '../backend.js';
import type { Purpose } from './hresults.js';
import { parsePublicKey } from './public-key-blobs.js';
import { awaitCall } from './system-call.js';
import type { CardSystem } from './winscard-channel.js';

/** A key by the provider that reaches it. */
export interface ProviderKey {
  provider: KeyProvider;
  container: string;
}

/** What a provider is to make. */
export interface NewProviderKey extends ProviderKey {
  algorithm: KeyAlgorithm;
  keySpec: KeySpec;
}

const CNG_ALGORITHMS = { 'EC-P256': 'ECDSA_P256', 'EC-P384': 'ECDSA_P384' } as const;

/**
 * The keys of the card in one reader through Windows' two providers. Nothing is kept between calls: a
 * provider that hangs holds up its own call only. Every method may throw `ERR_TIMEOUT`, and as
 * `windowsError` makes it; those that take a PIN want printable ASCII.
 */
export class ProviderKeys {
  readonly #system: CardSystem;
  readonly #readerName: string;

  constructor(system: CardSystem, readerName: string) {
    this.#system = system;
    this.#readerName = readerName;
  }

  list(provider: KeyProvider): Promise<NativeListedKey[]> {
    const card = { provider, readerName: this.#readerName };
    return this.#call('Listing the keys', () => this.#system.addon.listKeys(card));
  }

  /** Waits until it is done, however long that takes: a key that was begun cannot be stopped. */
  create(key: NewProviderKey, pin: Uint8Array): Promise<void> {
    const { algorithm, keySpec } = key;
    const native: NativeNewKey = {
      ...this.#address(key),
      ...nativeAlgorithm(algorithm),
      keySpec: nativeKeySpec(keySpec),
    };
    return this.#call(
      'Making the key',
      () => this.#system.addon.createKey(native, pin, warnOfWhatIsLeft),
      { afterwards: 'If it makes the key after all, the key is deleted again.' },
    );
  }

  async publicKey(key: ProviderKey): Promise<PublicKey> {
    const address = this.#address(key);
    const blob = await this.#call('Reading the public key', () =>
      this.#system.addon.readPublicKey(address),
    );
    return parsePublicKey(key.provider, blob);
  }

  sign(
    key: ProviderKey,
    { type, hash }: SignatureScheme,
    digest: Uint8Array,
    { pin, signal }: { pin: Uint8Array; signal: AbortSignal | undefined },
  ): Promise<Buffer> {
    const padding = type === 'ecdsa' ? 'none' : type;
    const native = { ...this.#address(key), padding, hashName: hash } as const;
    return this.#call(
      'Signing',
      () => this.#system.addon.signHash(native, digest, pin, warnOfWhatIsLeft),
      { signal },
    );
  }

  decrypt(
    key: ProviderKey,
    scheme: DecryptionScheme,
    ciphertext: Uint8Array,
    { pin, signal }: { pin: Uint8Array; signal: AbortSignal | undefined },
  ): Promise<Buffer> {
    const hashName = scheme.type === 'oaep' ? scheme.hash : undefined;
    const native = { ...this.#address(key), padding: scheme.type, hashName } as const;
    return this.#call(
      'Decrypting',
      () => this.#system.addon.decrypt(native, ciphertext, pin, warnOfWhatIsLeft),
      { signal, purpose: 'decrypt' },
    );
  }

  /** DER; undefined where the key has none. */
  async certificate(key: ProviderKey): Promise<Buffer | undefined> {
    const address = this.#address(key);
    const certificate = await this.#call('Reading the certificate', () =>
      this.#system.addon.readCertificate(address),
    );
    return certificate ?? undefined;
  }

  storeCertificate(key: ProviderKey, certificate: Uint8Array, pin: Uint8Array): Promise<void> {
    const address = this.#address(key);
    return this.#call('Storing the certificate', () =>
      this.#system.addon.writeCertificate(address, certificate, pin, warnOfWhatIsLeft),
    );
  }

  /** With its certificate and its container. */
  delete(key: ProviderKey, pin: Uint8Array): Promise<void> {
    const address = this.#address(key);
    return this.#call('Deleting the key', () =>
      this.#system.addon.deleteKey(address, pin, warnOfWhatIsLeft),
    );
  }

  #address({ provider, container }: ProviderKey) {
    return { provider, container, readerName: this.#readerName };
  }

  #call<T>(
    what: string,
    start: () => NativeCall<T>,
    options: { signal?: AbortSignal | undefined; purpose?: Purpose; afterwards?: string } = {},
  ): Promise<T> {
    const { key, grace } = this.#system.limits;
    return awaitCall(start, { ...options, what, timeoutMs: key, graceMs: grace });
  }
}

/** AT_KEYEXCHANGE, AT_SIGNATURE. */
export function nativeKeySpec(keySpec: KeySpec): NativeKeySpec {
  return keySpec === 'signature' ? 2 : 1;
}

/** What a call that has succeeded, or was given up, has left behind. */
function warnOfWhatIsLeft(name: string, value: number | string): void {
  if (name === 'pinLeft') {
    process.emitWarning(
      `Windows' provider has not let go of the PIN (0x${Number(value).toString(16)}): until this process ends, the provider may use it for this process without being given it.`,
      { code: 'VSC_PIN_LEFT' },
    );
  } else if (name === 'lateKeyLeft') {
    process.emitWarning(
      `A call that was given up has made the key of container "${value}", which could not be deleted again. Delete it yourself.`,
      { code: 'VSC_LATE_KEY' },
    );
  }
}

function nativeAlgorithm(algorithm: KeyAlgorithm): Pick<NativeNewKey, 'algorithm' | 'bits'> {
  if (algorithm === 'EC-P256' || algorithm === 'EC-P384') {
    return { algorithm: CNG_ALGORITHMS[algorithm], bits: 0 };
  }
  return { algorithm: 'RSA', bits: Number(algorithm.slice('RSA-'.length)) };
}
