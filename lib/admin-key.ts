import { deriveAdminKey } from './admin/derive-admin-key.js';
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

  /**
   * A new key from the operating system's random numbers.
   *
   * @example `const adminKey = AdminKey.random();`
   */
  static random(): AdminKey {
    return new AdminKey(randomSecret(24));
  }

  /**
   * The publicly known key of tpmvscmgr's `/AdminKey DEFAULT`; for tests only.
   *
   * @example `const card = await manager.create({ name: 'Test', pin, adminKey: AdminKey.default() });`
   */
  static default(): AdminKey {
    return AdminKey.fromHex(DEFAULT_KEY);
  }

  /**
   * The key of these digits, such as `exportHex` gave them.
   *
   * @param hex - 48 hexadecimal digits, in any case
   * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
   * @example `const adminKey = AdminKey.fromHex(await vault.get('laptop-4711'));`
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
   * The key of these bytes.
   *
   * @param bytes - 24 bytes, copied; the caller wipes theirs
   * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
   * @example `const adminKey = AdminKey.fromBytes(bytes);`
   */
  static fromBytes(bytes: Uint8Array): AdminKey {
    if (!(bytes instanceof Uint8Array) || bytes.length !== 24) {
      throw invalidArgument('adminKey', '24 bytes', describeType(bytes));
    }
    return new AdminKey(concatSecret(bytes));
  }

  /**
   * The key that a master key gives for a diversifier, always the same one: an organisation keeps one
   * secret instead of a key for each card. By NIST SP 800-108 Rev. 1 in counter mode (4.1) with
   * HMAC-SHA-256: r = 32, the counter first, Label `virtual-smartcard admin key`, Context the
   * diversifier, L = 192. Parity bits stay as they come. Whoever learns the master key has all cards.
   *
   * @param masterKey - 32 to 1024 bytes of randomness, not a password; the caller wipes them
   * @param diversifier - what tells the cards apart, 1 to 1024 bytes; a text is taken as UTF-8, as it is
   * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`, also for the one diversifier in 2^50 whose key
   * would be weak
   * @example `const adminKey = AdminKey.derive(masterKey, 'laptop-4711');`
   */
  static derive(masterKey: Uint8Array, diversifier: string | Uint8Array): AdminKey {
    return new AdminKey(deriveAdminKey(masterKey, diversifier));
  }

  /**
   * The key as 48 hexadecimal digits, to be stored where secrets are kept.
   *
   * @throws VirtualSmartCardError `ERR_CLOSED`
   * @example `await vault.put('laptop-4711', adminKey.exportHex());`
   */
  exportHex(): string {
    return this.#use().toString('hex');
  }

  /**
   * A copy of the key's 24 bytes, which the caller wipes.
   *
   * @throws VirtualSmartCardError `ERR_CLOSED`
   * @example
   * ```ts
   * const bytes = adminKey.exportBytes();
   * await hsm.importKey(bytes).finally(() => bytes.fill(0));
   * ```
   */
  exportBytes(): Buffer {
    return concatSecret(this.#use());
  }

  /**
   * Another key object of the same key, which outlives this one.
   *
   * @throws VirtualSmartCardError `ERR_CLOSED`
   * @example `using own = adminKey.clone();`
   */
  clone(): AdminKey {
    return new AdminKey(concatSecret(this.#use()));
  }

  /**
   * Key check value: the first 3 bytes of 8 zero bytes encrypted, as 6 hexadecimal digits. It tells
   * keys apart without showing them.
   *
   * @throws VirtualSmartCardError `ERR_CLOSED`
   */
  get kcv(): string {
    return keyCheckValue(this.#use()).toString('hex');
  }

  /**
   * The response to a card's challenge: triple DES, CBC, zero IV, no padding.
   *
   * @param challenge - 8 bytes
   * @returns 8 bytes
   * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`, `ERR_CLOSED`
   * @example
   * ```ts
   * // On the helpdesk's server, which alone has the key:
   * server.on('challenge', (challenge, answer) => answer(adminKey.respond(challenge)));
   * ```
   */
  respond(challenge: Uint8Array): Buffer {
    if (!(challenge instanceof Uint8Array) || challenge.length !== 8) {
      throw invalidArgument('challenge', '8 bytes', describeType(challenge));
    }
    return encryptTripleDes(this.#use(), challenge);
  }

  /**
   * Wipes the key. Later use of this object fails with `ERR_CLOSED`; cards keep the key. `using`
   * does it by itself. Safe to call twice.
   *
   * @example `adminKey.dispose();`
   */
  dispose(): void {
    wipe(this.#bytes);
    this.#bytes = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Not the key. */
  toString(): string {
    return '[AdminKey]';
  }

  /** Not the key. */
  toJSON(): string {
    return '[AdminKey]';
  }

  #use(): Buffer {
    if (!this.#bytes) throw new VirtualSmartCardError('ERR_CLOSED', 'This admin key was disposed.');
    return this.#bytes;
  }
}
