import { webcrypto } from 'node:crypto';
import { checkOptions, checkSignal } from '../arguments.js';
import { copyPin, PIN_OPTIONS, type PinOptions } from '../credentials.js';
import { describeType, invalidArgument, VirtualSmartCardError } from '../errors.js';
import { VirtualSmartCardKey } from '../key.js';
import { wipe } from '../secret.js';
import {
  type BoundAlgorithm,
  boundAlgorithm,
  type CardKeyAlgorithm,
  decryptionAlgorithmOf,
  signatureAlgorithmOf,
} from './algorithm.js';
import { CardCryptoKey } from './card-crypto-key.js';
import { cardSubtle } from './card-subtle.js';

/** A card's key as WebCrypto has key pairs. */
export interface CardCryptoKeyPair {
  /** Stands for the key on the card. */
  privateKey: CardCryptoKey;
  /** The runtime's own CryptoKey, usable everywhere. */
  publicKey: webcrypto.CryptoKey;
}

/** A key on a card and what it is bound to. */
interface BoundKey {
  key: VirtualSmartCardKey;
  algorithm: BoundAlgorithm;
}

/**
 * WebCrypto's `Crypto` over keys on cards, for libraries that take one: @peculiar/x509, pkijs. With
 * a card's private key the card signs (RSASSA-PKCS1-v1_5, RSA-PSS, ECDSA), decrypts and unwraps
 * (RSA-OAEP); everything else is the runtime's WebCrypto, also keys that are made or imported here:
 * those are in memory and on no card.
 *
 * @example
 * ```ts
 * using crypto = CardCrypto.create({ pin });
 * const keys = await crypto.keyPair(await card.key('ca'));
 * const certificate = await X509CertificateGenerator.createSelfSigned({ name: 'CN=Our CA', keys }, crypto);
 * ```
 */
export class CardCrypto implements Omit<webcrypto.Crypto, 'CryptoKey'> {
  /** The operations; errors of those with a card's key are VirtualSmartCardErrors. */
  readonly subtle: webcrypto.SubtleCrypto;
  readonly #keys = new WeakMap<CardCryptoKey, BoundKey>();
  readonly #signal: AbortSignal | undefined;
  #pin: Buffer | undefined;
  #disposed = false;

  private constructor({ pin, signal }: PinOptions) {
    this.#signal = signal;
    this.#pin = pin === undefined ? undefined : copyPin(pin);
    this.subtle = cardSubtle({
      sign: async (algorithm, cryptoKey, data) => {
        const bound = this.#bound(cryptoKey, 'sign');
        const name = signatureAlgorithmOf(bound.algorithm, algorithm);
        return bound.key.sign(name, data, { ...this.#pinOptions(), dsaEncoding: 'ieee-p1363' });
      },
      decrypt: async (algorithm, cryptoKey, data) => {
        const bound = this.#bound(cryptoKey, 'decrypt');
        const name = decryptionAlgorithmOf(bound.algorithm, algorithm);
        return bound.key.decrypt(name, data, this.#pinOptions());
      },
    });
  }

  /**
   * A Crypto for the keys of one card, or of several that have the same PIN.
   *
   * @param options - `pin` is copied, used with every operation, and wiped by `dispose`; left out,
   * the cards rely on `verifyPin`. `signal` stops the operations.
   * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`, `ERR_ABORTED`
   * @example `const crypto = CardCrypto.create({ pin });`
   */
  static create(options: PinOptions = {}): CardCrypto {
    checkOptions(options, PIN_OPTIONS);
    checkSignal(options.signal);
    return new CardCrypto(options);
  }

  /**
   * A card's key as a pair of CryptoKeys, bound to one use as all CryptoKeys are. The same key may be
   * asked for several times, for several uses. It needs no PIN.
   *
   * @param algorithm - default `{ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }` or `{ name: 'ECDSA' }`
   * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`, `ERR_ALGORITHM_NOT_SUPPORTED` (not for
   * this key), `ERR_CLOSED`
   * @example
   * ```ts
   * const keys = await crypto.keyPair(key, { name: 'RSA-PSS', hash: 'SHA-384' });
   * const pss = { name: 'RSA-PSS', saltLength: 48 }; // the card's salt is as long as the hash
   * const signature = await crypto.subtle.sign(pss, keys.privateKey, data);
   * ```
   */
  async keyPair(
    key: VirtualSmartCardKey,
    algorithm?: CardKeyAlgorithm,
  ): Promise<CardCryptoKeyPair> {
    this.#requireOpen();
    if (!(key instanceof VirtualSmartCardKey)) {
      throw invalidArgument('key', "a card's key", describeType(key));
    }
    const bound = boundAlgorithm(algorithm, key.algorithm);
    const decrypts = bound.name === 'RSA-OAEP';
    const publicKey = await webcrypto.subtle.importKey(
      'spki',
      key.publicKey.export({ type: 'spki', format: 'der' }),
      bound,
      true,
      decrypts ? ['encrypt', 'wrapKey'] : ['verify'],
    );
    const usages = decrypts ? (['decrypt', 'unwrapKey'] as const) : (['sign'] as const);
    const privateKey = new CardCryptoKey(publicKey.algorithm, [...usages]);
    this.#keys.set(privateKey, { key, algorithm: bound });
    return { privateKey, publicKey };
  }

  /**
   * The runtime's random numbers.
   *
   * @example `const nonce = crypto.getRandomValues(new Uint8Array(16));`
   */
  getRandomValues<T extends Parameters<webcrypto.Crypto['getRandomValues']>[0]>(array: T): T {
    return webcrypto.getRandomValues(array);
  }

  /**
   * The runtime's random UUID.
   *
   * @example `const container = crypto.randomUUID();`
   */
  randomUUID(): ReturnType<webcrypto.Crypto['randomUUID']> {
    return webcrypto.randomUUID();
  }

  /**
   * Wipes the PIN. The keys can then not be used any more; they stay on their cards. Operations that
   * have begun end as they would have. `using` does it by itself. Safe to call twice.
   *
   * @example `crypto.dispose();`
   */
  dispose(): void {
    this.#disposed = true;
    wipe(this.#pin);
    this.#pin = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #pinOptions(): PinOptions {
    return { pin: this.#pin, signal: this.#signal };
  }

  #bound(cryptoKey: CardCryptoKey, use: 'sign' | 'decrypt'): BoundKey {
    this.#requireOpen();
    const bound = this.#keys.get(cryptoKey);
    if (!bound) throw invalidArgument('key', 'a key of this CardCrypto', 'one of another');
    if (cryptoKey.usages.includes(use)) return bound;
    throw invalidArgument('key', `a key made to ${use}`, `one for ${bound.algorithm.name}`);
  }

  #requireOpen(): void {
    if (!this.#disposed) return;
    throw new VirtualSmartCardError('ERR_CLOSED', 'This CardCrypto was disposed of.');
  }
}
