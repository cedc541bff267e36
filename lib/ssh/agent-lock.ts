import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { wipe } from '../secret.js';
import { Turns } from '../turns.js';

const DIGEST_LENGTH = 32;
/** Each wrong passphrase makes the next answer wait longer, up to this. */
const DELAY_STEP_MS = 100;
const MAX_DELAY_MS = 10_000;

const derive = promisify<Uint8Array, Uint8Array, number, Buffer>(scrypt);

/**
 * The lock of an agent: a passphrase that it is locked and unlocked by. What is kept is a salted hash,
 * and guesses wait for one another, however many connections they come over.
 */
export class AgentLock {
  readonly #salt = randomBytes(16);
  readonly #turns = new Turns();
  #digest: Buffer | undefined;
  #wrong = 0;

  get isLocked(): boolean {
    return this.#digest !== undefined;
  }

  /** @returns whether it was open until now */
  lock(passphrase: Uint8Array): Promise<boolean> {
    return this.#turns.take(async () => {
      if (this.#digest) return false;
      this.#digest = await derive(passphrase, this.#salt, DIGEST_LENGTH);
      return true;
    });
  }

  /** @returns whether it is open now, and was not before */
  unlock(passphrase: Uint8Array): Promise<boolean> {
    return this.#turns.take(async () => {
      if (!this.#digest) return false;
      const digest = await derive(passphrase, this.#salt, DIGEST_LENGTH);
      const isRight = timingSafeEqual(digest, this.#digest);
      wipe(digest);
      if (!isRight) {
        this.#wrong += 1;
        const delay = Math.min(this.#wrong * DELAY_STEP_MS, MAX_DELAY_MS);
        await setTimeout(delay, undefined, { ref: false });
        return false;
      }
      wipe(this.#digest);
      this.#digest = undefined;
      this.#wrong = 0;
      return true;
    });
  }
}
