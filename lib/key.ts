import { hash, type KeyObject, X509Certificate } from 'node:crypto';
import {
  type DecryptionAlgorithm,
  decryptionScheme,
  type SignatureAlgorithm,
  type SignatureAlgorithmEntry,
  signatureAlgorithm,
} from './algorithms.js';
import { checkOptions, wordOption } from './arguments.js';
import { type AttestOptions, attestContainer } from './attestation/ask.js';
import type { AttestationStatement } from './attestation/statement.js';
import type { CardConnection, ContainerInfo, KeyAlgorithm, KeySpec } from './backend/backend.js';
import { VirtualSmartCardCertificate } from './certificate.js';
import { PIN_OPTIONS, type PinOptions, withCheckedPin, withPin } from './credentials.js';
import { ecdsaSignatureToDer } from './ecdsa-signature.js';
import { describeType, invalidArgument, VirtualSmartCardError } from './errors.js';
import { readIssuers } from './issuers.js';
import { publicKeyObject } from './public-key.js';

/** Options of `sign` and `signDigest`. */
export interface SignOptions extends PinOptions {
  /**
   * Form of an ECDSA signature: `der` (default; X.509, TLS, OpenSSL) or `ieee-p1363` (r ‖ s; JWS,
   * WebCrypto). RSA signatures have one form only.
   */
  dsaEncoding?: 'der' | 'ieee-p1363' | undefined;
}

const SIGN_OPTIONS = [...PIN_OPTIONS, 'dsaEncoding'];
const DSA_ENCODINGS = ['der', 'ieee-p1363'] as const;

/**
 * A key on a card, itself the signer: the private half never leaves the card.
 *
 * @example
 * ```ts
 * const key = await card.createKey({ algorithm: 'EC-P256' }, { pin });
 * const signature = await key.sign('ECDSA-SHA256', data, { pin });
 * crypto.verify('sha256', data, key.publicKey, signature); // true
 * ```
 */
export class VirtualSmartCardKey {
  /** Name of the container that holds the key. */
  readonly container: string;
  /** What kind of key it is, and with that what it can do. */
  readonly algorithm: KeyAlgorithm;
  /** Windows' key specification. */
  readonly keySpec: KeySpec;
  /** The public half, node:crypto's. */
  readonly publicKey: KeyObject;
  readonly #connection: CardConnection;
  #closed = false;

  private constructor(connection: CardConnection, info: ContainerInfo, publicKey: KeyObject) {
    this.#connection = connection;
    this.container = info.name;
    this.algorithm = info.algorithm;
    this.keySpec = info.keySpec;
    this.publicKey = publicKey;
  }

  /** @internal */
  static async load(connection: CardConnection, info: ContainerInfo): Promise<VirtualSmartCardKey> {
    const publicKey = publicKeyObject(await connection.publicKey(info.name));
    return VirtualSmartCardKey.over(connection, info, publicKey);
  }

  /** @internal The same where the public key is known already. */
  static over(
    connection: CardConnection,
    info: ContainerInfo,
    publicKey: KeyObject,
  ): VirtualSmartCardKey {
    return new VirtualSmartCardKey(connection, info, publicKey);
  }

  /**
   * Signs data. The data is hashed here, its hash is signed on the card.
   *
   * @param algorithm - `RSA-SHA256`, `RSA-PSS-SHA256`, `ECDSA-SHA256` and the same with SHA1, SHA384, SHA512
   * @param data - bytes, or a string taken as UTF-8
   * @returns RSA: as long as the modulus. ECDSA: as `dsaEncoding` says
   * @throws VirtualSmartCardError `ERR_PIN_REQUIRED`, `ERR_PIN_INCORRECT`, `ERR_PIN_BLOCKED`,
   * `ERR_ALGORITHM_NOT_SUPPORTED` (not for this key), `ERR_INVALID_ARGUMENT`, `ERR_CLOSED`
   * @example
   * ```ts
   * const signature = await key.sign('RSA-SHA256', 'what I agree to', { pin: '4711' });
   * ```
   */
  async sign(
    algorithm: SignatureAlgorithm,
    data: string | Uint8Array,
    options: SignOptions = {},
  ): Promise<Buffer> {
    const entry = signatureAlgorithm(algorithm, this.algorithm);
    if (typeof data !== 'string' && !(data instanceof Uint8Array)) {
      throw invalidArgument('data', 'a string or a Uint8Array', describeType(data));
    }
    return this.#sign(entry, hash(entry.hash, data, 'buffer'), options);
  }

  /**
   * Signs a digest that the caller has made.
   *
   * @param algorithm - as in `sign`; its hash is the one that made the digest
   * @param digest - as long as that hash
   * @throws VirtualSmartCardError as `sign`
   * @example
   * ```ts
   * const digest = createHash('sha256').update(part1).update(part2).digest();
   * const signature = await key.signDigest('RSA-SHA256', digest, { pin });
   * ```
   */
  async signDigest(
    algorithm: SignatureAlgorithm,
    digest: Uint8Array,
    options: SignOptions = {},
  ): Promise<Buffer> {
    const entry = signatureAlgorithm(algorithm, this.algorithm);
    if (!(digest instanceof Uint8Array) || digest.length !== entry.digestLength) {
      throw invalidArgument('digest', `${entry.digestLength} bytes`, describeType(digest));
    }
    return this.#sign(entry, Buffer.from(digest), options);
  }

  /**
   * Decrypts what was encrypted to the key. RSA only.
   *
   * @param algorithm - `RSA-PKCS1`, or `RSA-OAEP-SHA1` and the same with SHA256, SHA384, SHA512
   * @param ciphertext - as long as the modulus
   * @returns the plaintext; the caller wipes it if it is secret
   * @throws VirtualSmartCardError `ERR_DECRYPTION_FAILED`, and as `sign`
   * @example
   * ```ts
   * const oaep = { key: key.publicKey, oaepHash: 'sha256' };
   * const plaintext = await key.decrypt('RSA-OAEP-SHA256', publicEncrypt(oaep, secret), { pin });
   * ```
   */
  async decrypt(
    algorithm: DecryptionAlgorithm,
    ciphertext: Uint8Array,
    options: PinOptions = {},
  ): Promise<Buffer> {
    const scheme = decryptionScheme(algorithm, this.algorithm);
    if (!(ciphertext instanceof Uint8Array)) {
      throw invalidArgument('ciphertext', 'a Uint8Array', describeType(ciphertext));
    }
    const length = (this.publicKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
    if (ciphertext.length !== length) {
      throw invalidArgument('ciphertext', `${length} bytes`, describeType(ciphertext));
    }
    const copy = Buffer.from(ciphertext);
    return withCheckedPin(options, (pin) =>
      this.#open().decrypt(this.container, scheme, copy, pin),
    );
  }

  /**
   * Has the card's TPM sign what it knows of the key: that it was made in this TPM and does not leave
   * it. {@link verifyAttestation} checks the statement, anywhere and without a TPM. Embedded backend,
   * also when another process serves it or publishes the card.
   *
   * @throws VirtualSmartCardError `ERR_NOT_SUPPORTED` (Windows, and cards that others made),
   * `ERR_TPM_AUTHORIZATION` (the TPM's endorsement hierarchy has an authorisation), and as `sign`
   * @example
   * ```ts
   * const statement = await key.attest({ nonce, pin });
   * await post('https://ca.example/attest', JSON.stringify(statement));
   * ```
   */
  async attest(options: AttestOptions): Promise<AttestationStatement> {
    return attestContainer(this.#open(), this.container, options);
  }

  /**
   * The certificate in the key's container.
   *
   * @throws VirtualSmartCardError `ERR_CERTIFICATE_NOT_FOUND`, `ERR_CONTAINER_NOT_FOUND`, `ERR_CLOSED`
   * @example
   * ```ts
   * const { pem } = await key.certificate();
   * ```
   */
  async certificate(): Promise<VirtualSmartCardCertificate> {
    const der = await this.#open().certificate(this.container);
    if (der) return VirtualSmartCardCertificate.create(new X509Certificate(der), this);
    throw new VirtualSmartCardError(
      'ERR_CERTIFICATE_NOT_FOUND',
      `Container "${this.container}" holds a key but no certificate. Enroll one, or install the one that a CA issued for it.`,
    );
  }

  /** @internal The certificates of CAs on the key's card. */
  async issuers(): Promise<X509Certificate[]> {
    return readIssuers(this.#open());
  }

  /**
   * Deletes the key for good, with its container and certificate.
   *
   * @throws VirtualSmartCardError `ERR_PIN_REQUIRED`, `ERR_PIN_INCORRECT`, `ERR_PIN_BLOCKED`,
   * `ERR_CONTAINER_NOT_FOUND`, `ERR_CLOSED`
   * @example
   * ```ts
   * await key.delete({ pin });
   * ```
   */
  async delete(options: PinOptions = {}): Promise<void> {
    await withCheckedPin(options, (pin) => this.#open().deleteContainer(this.container, pin));
  }

  /**
   * Lets go of the key; it stays on the card. Later use of this object fails with `ERR_CLOSED`.
   *
   * @example `await key.close();`
   */
  async close(): Promise<void> {
    this.#closed = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #sign(
    { scheme, keyType }: SignatureAlgorithmEntry,
    digest: Buffer,
    options: SignOptions,
  ): Promise<Buffer> {
    checkOptions(options, SIGN_OPTIONS);
    const encoding = wordOption(options.dsaEncoding, 'dsaEncoding', DSA_ENCODINGS, 'der');
    const signature = await withPin(options, (pin) =>
      this.#open().signDigest(this.container, scheme, digest, pin),
    );
    return keyType === 'EC' && encoding === 'der' ? ecdsaSignatureToDer(signature) : signature;
  }

  #open(): CardConnection {
    if (!this.#closed) return this.#connection;
    throw new VirtualSmartCardError('ERR_CLOSED', 'This key object was closed.');
  }
}
