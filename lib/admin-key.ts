import { describeType, invalidArgument, VirtualSmartCardError } from './errors.js';
import { encryptTripleDes, keyCheckValue } from './gids/triple-des.js';
import { allocateSecret, concatSecret, randomSecret, wipe } from './secret.js';

/** The admin key that tpmvscmgr's DEFAULT means. Everybody knows it. */
const DEFAULT_KEY = '010203040506070801020304050607080102030405060708';

/**
 * A card's admin key: 24 bytes, three-key triple DES. It resets the PIN of a card that has no PUK
 * and authenticates a card management system. Whoever loses it cannot unblock such a card, so a
 * random one must be kept: `exportHex()`.
 *
 * The key shows itself nowhere by accident (not in console.log, not in JSON).
 *
 * @example
 * ```ts
 * const adminKey = AdminKey.random();
 * await vault.put('laptop-4711', adminKey.exportHex());
 * const card = await manager.create({ name: 'Laptop', pin, adminKey });
 * ```
 */
export class AdminKey {
  #bytes: Buffer | undefined;

  private constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** A new key from the operating system's random numbers. */
  static random(): AdminKey {
    return new AdminKey(randomSecret(24));
  }

  /** The publicly known key of tpmvscmgr's `/AdminKey DEFAULT`; for tests only. */
  static default(): AdminKey {
    return AdminKey.fromHex(DEFAULT_KEY);
  }

  /**
   * @param hex - 48 hexadecimal digits
   * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
   */
  static fromHex(hex: string): AdminKey {
    if (typeof hex !== 'string' || !/^[0-9a-f]{48}$/i.test(hex)) {
      const actual = typeof hex === 'string' ? `${hex.length} characters` : describeType(hex);
      throw invalidArgument('adminKey', '48 hexadecimal digits', actual);
    }
    const bytes = allocateSecret(24);
    bytes.write(hex, 'hex');
    return new AdminKey(bytes);
  }

  /**
   * @param bytes - 24 bytes, copied
   * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
   */
  static fromBytes(bytes: Uint8Array): AdminKey {
    if (!(bytes instanceof Uint8Array) || bytes.length !== 24) {
      throw invalidArgument('adminKey', '24 bytes', describeType(bytes));
    }
    return new AdminKey(concatSecret(bytes));
  }

  /** The key as 48 hexadecimal digits, to be stored where secrets are kept. */
  exportHex(): string {
    return this.#use().toString('hex');
  }

  /** A copy of the key's 24 bytes, which the caller wipes. */
  exportBytes(): Buffer {
    return concatSecret(this.#use());
  }

  /** Another key object of the same key, which outlives this one. */
  clone(): AdminKey {
    return new AdminKey(concatSecret(this.#use()));
  }

  /** Key check value: the first 3 bytes of 8 zero bytes encrypted, as 6 hexadecimal digits. */
  get kcv(): string {
    return keyCheckValue(this.#use()).toString('hex');
  }

  /**
   * The response to a card's challenge: triple DES, CBC, zero IV, no padding.
   *
   * @param challenge - 8 bytes
   * @returns 8 bytes
   * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
   */
  respond(challenge: Uint8Array): Buffer {
    if (!(challenge instanceof Uint8Array) || challenge.length !== 8) {
      throw invalidArgument('challenge', '8 bytes', describeType(challenge));
    }
    return encryptTripleDes(this.#use(), challenge);
  }

  /** Wipes the key. Later use of this object fails with `ERR_CLOSED`. */
  dispose(): void {
    wipe(this.#bytes);
    this.#bytes = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  toString(): string {
    return '[AdminKey]';
  }

  toJSON(): string {
    return '[AdminKey]';
  }

  #use(): Buffer {
    if (!this.#bytes) throw new VirtualSmartCardError('ERR_CLOSED', 'This admin key was disposed.');
    return this.#bytes;
  }
}
