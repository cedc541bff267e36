import { randomInt } from 'node:crypto';
import { AdminKey } from '../admin-key.js';
import { allocateSecret, concatSecret, wipe } from '../secret.js';

const LENGTH = 12;
const ZERO = 0x30;

/** The random secrets of the test's cards, known to nobody and wiped together. */
export class TestSecrets {
  readonly #bytes: Buffer[] = [];
  readonly #adminKeys: AdminKey[] = [];

  /** Twelve random digits, for a PIN or a PUK. */
  digits(): Buffer {
    const digits = this.#keep(allocateSecret(LENGTH));
    for (let at = 0; at < LENGTH; at += 1) digits[at] = ZERO + randomInt(10);
    return digits;
  }

  /** A PIN of the same length that is not the given one. */
  wrong(pin: Buffer): Buffer {
    const other = this.#keep(concatSecret(pin));
    other[0] = ZERO + (((pin[0] ?? ZERO) - ZERO + 1) % 10);
    return other;
  }

  adminKey(): AdminKey {
    const key = AdminKey.random();
    this.#adminKeys.push(key);
    return key;
  }

  wipe(): void {
    wipe(...this.#bytes);
    for (const key of this.#adminKeys) key.dispose();
  }

  #keep(secret: Buffer): Buffer {
    this.#bytes.push(secret);
    return secret;
  }
}
