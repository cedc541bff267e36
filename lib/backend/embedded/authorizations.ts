import type { Authorization } from '../../gids/card-vault.js';
import { wipe } from '../../secret.js';

/**
 * The log-ins of one card: each holds its own copy of the card's authorisation value. When the last
 * one ends, `lock` gets the value for a final clean-up before it is wiped.
 */
export class Authorizations {
  readonly #live = new Set<LiveAuthorization>();
  readonly #lock: (value: Uint8Array) => Promise<void>;

  constructor(lock: (value: Uint8Array) => Promise<void>) {
    this.#lock = lock;
  }

  /** Takes the value over, to be wiped when the authorisation is released. */
  grant(value: Buffer): Authorization {
    const authorization = new LiveAuthorization(value, (released) => this.#end(released));
    this.#live.add(authorization);
    return authorization;
  }

  /** Ends every log-in: the PIN was replaced or blocked, or the card goes away. */
  async releaseAll(): Promise<void> {
    await Promise.all([...this.#live].map((authorization) => authorization.release()));
  }

  async #end(authorization: LiveAuthorization): Promise<void> {
    this.#live.delete(authorization);
    if (this.#live.size === 0) await this.#lock(authorization.value);
  }
}

class LiveAuthorization implements Authorization {
  readonly value: Buffer;
  readonly #onRelease: (self: LiveAuthorization) => Promise<void>;
  #ending: Promise<void> | undefined;

  constructor(value: Buffer, onRelease: (self: LiveAuthorization) => Promise<void>) {
    this.value = value;
    this.#onRelease = onRelease;
  }

  get released(): boolean {
    return this.#ending !== undefined;
  }

  release(): Promise<void> {
    this.#ending ??= this.#onRelease(this).finally(() => wipe(this.value));
    return this.#ending;
  }
}
