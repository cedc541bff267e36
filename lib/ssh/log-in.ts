import type { VirtualSmartCard } from '../card.js';
import { VirtualSmartCardError } from '../errors.js';
import { wipe } from '../secret.js';
import type { CheckedSignerOptions, SshKeyUse } from './agent-options.js';
import { askPin } from './asking.js';

/** How often one signature asks for a PIN. */
const ROUNDS = 3;

/**
 * The log-in to one card, for as long as it lasts after the PIN was given. The PIN itself is not
 * kept: the card is unlocked for the connection that is ours alone, and locked again.
 */
export class LogIn {
  readonly #card: VirtualSmartCard;
  readonly #options: CheckedSignerOptions;
  readonly #onOver: () => void;
  #since: { wall: number; running: number } | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param onOver - called when it has lasted its time, to have it ended */
  constructor(card: VirtualSmartCard, options: CheckedSignerOptions, onOver: () => void) {
    this.#card = card;
    this.#options = options;
    this.#onOver = onOver;
  }

  /**
   * Whether it lasts. The timer stands still while the machine sleeps, and the wall clock may be set
   * back: the first that says that it is over counts.
   */
  get lasts(): boolean {
    if (!this.#since) return false;
    const wall = Date.now() - this.#since.wall;
    const running = performance.now() - this.#since.running;
    const { lifetimeMs } = this.#options;
    return wall >= 0 && wall < lifetimeMs && running < lifetimeMs;
  }

  /**
   * Asks for the PIN until it is right. The last try is never used: a program that answers for a
   * person could block the card with it.
   *
   * @throws VirtualSmartCardError `ERR_PIN_REQUIRED`, `ERR_PIN_INCORRECT`, `ERR_PIN_BLOCKED` and what
   * the card fails with
   */
  async begin(use: SshKeyUse): Promise<void> {
    let wrong: VirtualSmartCardError | undefined;
    for (let round = 0; round < ROUNDS; round += 1) {
      const { left } = await this.#card.pinTries();
      if (left <= 1) throw wrong && left > 0 ? wrong : noTryToUse(this.#card.name, left);
      const pin = await askPin(this.#options, { ...use, triesLeft: left, wasWrong: !!wrong });
      if (pin === undefined) throw wrong ?? noPin(this.#card.name);
      try {
        await this.#card.verifyPin(pin);
        this.#lastFromNow();
        return;
      } catch (error) {
        wrong = wrongPin(error);
      } finally {
        if (typeof pin !== 'string') wipe(pin);
      }
    }
    throw wrong;
  }

  /** Locks the card. One that cannot be locked is let go of, which locks it for good. */
  async end(): Promise<void> {
    clearTimeout(this.#timer);
    if (!this.#since) return;
    this.#since = undefined;
    try {
      await this.#card.logout();
    } catch (error) {
      await this.#card.close();
      throw error;
    }
  }

  #lastFromNow(): void {
    clearTimeout(this.#timer);
    this.#since = { wall: Date.now(), running: performance.now() };
    this.#timer = setTimeout(this.#onOver, this.#options.lifetimeMs).unref();
  }
}

/** The error for which a person may try again: a wrong PIN, or one that no PIN can be. */
function wrongPin(error: unknown): VirtualSmartCardError {
  if (VirtualSmartCardError.is(error, 'ERR_PIN_INCORRECT')) return error;
  if (VirtualSmartCardError.is(error, 'ERR_INVALID_ARGUMENT')) return error;
  throw error;
}

function noPin(name: string): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_PIN_REQUIRED',
    `Nobody gave the PIN of the card "${name}", so nothing was signed.`,
  );
}

function noTryToUse(name: string, triesLeft: number): VirtualSmartCardError {
  if (triesLeft < 1) {
    return new VirtualSmartCardError(
      'ERR_PIN_BLOCKED',
      `The card "${name}" is blocked. Unblock it with its PUK or its admin key.`,
      { triesLeft },
    );
  }
  return new VirtualSmartCardError(
    'ERR_PIN_REQUIRED',
    `The card "${name}" has one try for its PIN left, which is not used here. Once the right PIN was` +
      ' verified elsewhere (virtual-smartcard verify-pin), it is asked for here again.',
    { triesLeft },
  );
}
