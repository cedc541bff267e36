import {
  constants,
  createHash,
  createPrivateKey,
  generateKeyPair,
  type KeyObject,
  privateDecrypt,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { promisify } from 'node:util';
import { VirtualSmartCardError } from '../../lib/errors.js';
import { type CardState, emptyCardState, type KeyPair } from '../../lib/gids/card-state.js';
import type {
  Authorization,
  CardVault,
  ImportedPrivateKey,
  Replacement,
  Tries,
  Verification,
} from '../../lib/gids/card-vault.js';
import { PinPolicy, type PinPolicyOptions } from '../../lib/pin-policy.js';
import { concatSecret, wipe } from '../../lib/secret.js';
import { ecJwk, publicKeyOf, rsaJwk, signDigest } from './software-key.js';

export interface MemoryVaultOptions {
  pin: Uint8Array;
  puk?: Uint8Array;
  adminKey: Uint8Array;
  /** Default: minLength 4, the rest Windows' defaults. */
  pinPolicy?: PinPolicyOptions;
  /** Default true. */
  allowKeyImport?: boolean;
  /** Default: a blank card. */
  state?: CardState;
  /** Where new keys come from, for who needs them faster than they are made. */
  newKey?: (algorithm: number) => KeyObject | undefined;
}

const MAX_TRIES = 5;
const RSA_BITS = new Map([
  [0x06, 1024],
  [0x07, 2048],
]);
const EC_ALGORITHMS = new Map([
  [0x0c, 'P-256'],
  [0x0d, 'P-384'],
]);

/**
 * A card's vault in software, for tests of the applet and the client without a TPM. It is as strict
 * as a TPM would be: a key is used only with the authorisation that a verified PIN gave.
 */
export class MemoryVault implements CardVault {
  state: CardState;
  /** When set, `store` rejects with it and keeps the old state. */
  storeFailure: Error | undefined;
  /** When set, every call that would reach the TPM rejects with it. */
  tpmFailure: Error | undefined;
  /** Private key operations carried out (generate, import, RSA, ECDSA). */
  keyUses = 0;
  /** Blobs (hex) of the keys that were released. */
  readonly releasedKeys: string[] = [];

  readonly #policy: PinPolicy;
  readonly #allowKeyImport: boolean;
  readonly #newKey: (algorithm: number) => KeyObject | undefined;
  #pin: Secret;
  readonly #puk: Secret | undefined;
  #adminKey: Buffer;
  readonly #authorizationValue = randomBytes(32);
  readonly #authorizations = new Set<MemoryAuthorization>();
  readonly #keys = new Map<string, KeyObject>();

  constructor(options: MemoryVaultOptions) {
    this.state = options.state ?? emptyCardState();
    this.#policy = PinPolicy.from(options.pinPolicy ?? { minLength: 4 });
    this.#allowKeyImport = options.allowKeyImport ?? true;
    this.#newKey = options.newKey ?? (() => undefined);
    this.#pin = new Secret(options.pin);
    this.#puk = options.puk && new Secret(options.puk);
    this.#adminKey = concatSecret(options.adminKey);
  }

  async store(state: CardState): Promise<void> {
    await Promise.resolve();
    if (this.storeFailure) throw this.storeFailure;
    this.state = state;
  }

  get pinLength(): number {
    return this.#pin.length;
  }

  get pukLength(): number | undefined {
    return this.#puk?.length;
  }

  isPinLengthLegal(length: number): boolean {
    return length >= this.#policy.minLength && length <= this.#policy.maxLength;
  }

  isPinAllowed(pin: Uint8Array): boolean {
    return this.#policy.violations(pin).length === 0;
  }

  async pinTries(): Promise<Tries> {
    this.#reachTpm();
    return { left: this.#pin.triesLeft, max: MAX_TRIES };
  }

  async pukTries(): Promise<Tries | undefined> {
    this.#reachTpm();
    return this.#puk && { left: this.#puk.triesLeft, max: MAX_TRIES };
  }

  async verifyPin(pin: Uint8Array): Promise<Verification> {
    const outcome = await this.#check(this.#pin, pin);
    if (outcome.result !== 'right') return outcome;
    const authorization = new MemoryAuthorization(this.#authorizationValue);
    this.#authorizations.add(authorization);
    return { result: 'verified', authorization };
  }

  async setFirstPin(pin: Uint8Array): Promise<void> {
    this.#reachTpm();
    if (this.state.activated) throw new Error('the card is activated');
    await this.#replacePin(pin);
  }

  async changePin(oldPin: Uint8Array, newPin: Uint8Array): Promise<Replacement> {
    const outcome = await this.#check(this.#pin, oldPin);
    if (outcome.result !== 'right') return outcome;
    await this.#replacePin(newPin);
    return { result: 'replaced' };
  }

  async resetPinByPuk(puk: Uint8Array, newPin: Uint8Array): Promise<Replacement> {
    if (!this.#puk) throw new VirtualSmartCardError('ERR_PUK_NOT_SET', 'This card has no PUK.');
    const outcome = await this.#check(this.#puk, puk);
    if (outcome.result !== 'right') return outcome;
    await this.#replacePin(newPin);
    return { result: 'replaced' };
  }

  async resetPinByAdmin(newPin: Uint8Array): Promise<void> {
    this.#reachTpm();
    if (this.#puk) {
      throw new VirtualSmartCardError('ERR_ADMIN_RESET_NOT_ALLOWED', 'This card has a PUK.');
    }
    await this.#replacePin(newPin);
  }

  async withAdminKey<T>(use: (key: Uint8Array) => T): Promise<T> {
    this.#reachTpm();
    const key = concatSecret(this.#adminKey);
    try {
      return use(key);
    } finally {
      wipe(key);
    }
  }

  async setAdminKey(key: Uint8Array): Promise<void> {
    this.#reachTpm();
    this.#adminKey = concatSecret(key);
  }

  async supportsAlgorithm(algorithm: number): Promise<boolean> {
    this.#reachTpm();
    return RSA_BITS.has(algorithm) || EC_ALGORITHMS.has(algorithm);
  }

  async generateKey(algorithm: number, authorization: Authorization): Promise<KeyPair> {
    this.#useKey(authorization);
    const ready = this.#newKey(algorithm);
    if (ready) return this.#keep(ready);
    const modulusLength = RSA_BITS.get(algorithm);
    if (modulusLength !== undefined) {
      const pair = await promisify(generateKeyPair)('rsa', { modulusLength });
      return this.#keep(pair.privateKey);
    }
    const namedCurve = EC_ALGORITHMS.get(algorithm);
    if (!namedCurve) throw unsupported();
    return this.#keep((await promisify(generateKeyPair)('ec', { namedCurve })).privateKey);
  }

  async importKey(
    algorithm: number,
    privateKey: ImportedPrivateKey,
    authorization: Authorization,
  ): Promise<KeyPair> {
    if (!this.#allowKeyImport) {
      throw new VirtualSmartCardError('ERR_KEY_IMPORT_NOT_ALLOWED', 'No key import on this card.');
    }
    this.#useKey(authorization);
    if (!(await this.supportsAlgorithm(algorithm))) throw unsupported();
    const jwk = privateKey.type === 'rsa' ? rsaJwk(privateKey) : ecJwk(privateKey);
    return this.#keep(createPrivateKey({ key: jwk, format: 'jwk' }));
  }

  async rsaPrivate(key: KeyPair, input: Uint8Array, authorization: Authorization): Promise<Buffer> {
    this.#useKey(authorization);
    const padding = constants.RSA_NO_PADDING;
    return privateDecrypt({ key: this.#find(key), padding }, input);
  }

  async ecdsaSign(key: KeyPair, digest: Uint8Array, authorization: Authorization): Promise<Buffer> {
    this.#useKey(authorization);
    if (![20, 32, 48, 64].includes(digest.length)) throw new Error('not a digest');
    return signDigest(this.#find(key), digest);
  }

  async releaseKey(key: KeyPair): Promise<void> {
    this.releasedKeys.push(Buffer.from(key.blob).toString('hex'));
  }

  /** Locks the card on all channels, as another channel's PIN change does. */
  async releaseAuthorizations(): Promise<void> {
    await Promise.all([...this.#authorizations].map((each) => each.release()));
    this.#authorizations.clear();
  }

  /** Authorisations that a channel holds and has not released. */
  get openAuthorizations(): number {
    return [...this.#authorizations].filter(({ released }) => !released).length;
  }

  async #check(
    secret: Secret,
    attempt: Uint8Array,
  ): Promise<{ result: 'right' } | { result: 'wrong'; triesLeft: number } | { result: 'blocked' }> {
    this.#reachTpm();
    if (secret.triesLeft === 0) return { result: 'blocked' };
    if (secret.matches(attempt)) {
      secret.triesLeft = MAX_TRIES;
      return { result: 'right' };
    }
    secret.triesLeft--;
    if (secret.triesLeft === 0) await this.releaseAuthorizations();
    return { result: 'wrong', triesLeft: secret.triesLeft };
  }

  async #replacePin(pin: Uint8Array): Promise<void> {
    if (!this.isPinAllowed(pin))
      throw new Error('the applet let a PIN through that is not allowed');
    this.#pin = new Secret(pin);
    await this.releaseAuthorizations();
  }

  #reachTpm(): void {
    if (this.tpmFailure) throw this.tpmFailure;
  }

  #useKey(authorization: Authorization): void {
    this.#reachTpm();
    const { value, released } = authorization;
    if (released || !timingSafeEqual(value, this.#authorizationValue)) {
      throw new Error('a key was used without authorisation');
    }
    this.keyUses++;
  }

  #keep(privateKey: KeyObject): KeyPair {
    const blob = randomBytes(16);
    this.#keys.set(blob.toString('hex'), privateKey);
    return { publicKey: publicKeyOf(privateKey), blob };
  }

  #find(key: KeyPair): KeyObject {
    const found = this.#keys.get(Buffer.from(key.blob).toString('hex'));
    if (!found) throw new Error('an unknown key blob');
    return found;
  }
}

/** A PIN or PUK with its counter; only its hash is kept. */
class Secret {
  readonly length: number;
  triesLeft = MAX_TRIES;
  readonly #hash: Buffer;

  constructor(value: Uint8Array) {
    this.length = value.length;
    this.#hash = sha256(value);
  }

  matches(attempt: Uint8Array): boolean {
    return timingSafeEqual(sha256(attempt), this.#hash);
  }
}

class MemoryAuthorization implements Authorization {
  readonly value: Buffer;
  released = false;

  constructor(value: Uint8Array) {
    this.value = concatSecret(value);
  }

  async release(): Promise<void> {
    wipe(this.value);
    this.released = true;
  }
}

function sha256(value: Uint8Array): Buffer {
  return createHash('sha256').update(value).digest();
}

function unsupported(): VirtualSmartCardError {
  return new VirtualSmartCardError('ERR_ALGORITHM_NOT_SUPPORTED', 'No such key on this TPM.');
}
