import type { webcrypto } from 'node:crypto';

/**
 * The private half of a card's key in the form of WebCrypto's CryptoKey: it says what it can do and
 * holds nothing. Only the {@link CardCrypto} that made it can use it; it is no instance of the
 * runtime's own CryptoKey, which nobody else can make.
 *
 * @example
 * ```ts
 * const { privateKey } = await crypto.keyPair(key);
 * console.log(privateKey.algorithm.name, privateKey.usages); // RSASSA-PKCS1-v1_5 [ 'sign' ]
 * ```
 */
export class CardCryptoKey implements webcrypto.CryptoKey {
  /** `private`: the public half is a CryptoKey of the runtime. */
  readonly type = 'private';
  /** The key never leaves the card. */
  readonly extractable = false;
  /** As that of the public half: name, hash or curve, length. */
  readonly algorithm: webcrypto.KeyAlgorithm;
  /** `sign`, or `decrypt` and `unwrapKey`. */
  readonly usages: webcrypto.KeyUsage[];

  /** @internal */
  constructor(algorithm: webcrypto.KeyAlgorithm, usages: webcrypto.KeyUsage[]) {
    this.algorithm = algorithm;
    this.usages = usages;
    Object.freeze(this);
  }
}
