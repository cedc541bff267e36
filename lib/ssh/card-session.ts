import { aborted } from '../arguments.js';
import type { CardInfo } from '../backend/backend.js';
import type { VirtualSmartCard } from '../card.js';
import { VirtualSmartCardError } from '../errors.js';
import type { VirtualSmartCardKey } from '../key.js';
import { Turns } from '../turns.js';
import type { CheckedSignerOptions, SshKeyUse } from './agent-options.js';
import { mayUse } from './asking.js';
import { LogIn } from './log-in.js';

/** A card that is open for the agent alone, with the log-in to it. One key is used at a time. */
export class CardSession {
  readonly card: VirtualSmartCard;
  readonly #cardId: string | undefined;
  readonly #logIn: LogIn;
  readonly #options: CheckedSignerOptions;
  readonly #turns = new Turns();

  constructor(card: VirtualSmartCard, cardId: string | undefined, options: CheckedSignerOptions) {
    this.card = card;
    this.#cardId = cardId;
    this.#options = options;
    this.#logIn = new LogIn(card, options, () => {
      this.logOut().catch((error: unknown) => options.onWarning(asWarning(error)));
    });
  }

  /** Whether it is that card still, and not a new one that got the number of the old one. */
  isOf({ instanceId, name, cardId }: CardInfo): boolean {
    return (
      this.card.instanceId === instanceId && this.card.name === name && this.#cardId === cardId
    );
  }

  /**
   * Uses a key, logged in. The person is asked what there is to ask, one question after the other.
   *
   * @param use - whose signal fires when nobody waits for the signature any more
   * @throws VirtualSmartCardError `ERR_ABORTED` when it fired or the use was not confirmed, and as
   * {@link LogIn.begin}
   */
  sign(use: SshKeyUse, sign: () => Promise<Buffer>): Promise<Buffer> {
    return this.#turns.take(async () => {
      stopIfAborted(use.signal);
      if (!(await mayUse(this.#options, use))) throw refused(use);
      if (!this.#logIn.lasts) await this.#begin(use);
      stopIfAborted(use.signal);
      try {
        return await sign();
      } catch (error) {
        // The log-in was lost: the card was reset, or what serves it started anew.
        if (!VirtualSmartCardError.is(error, 'ERR_PIN_REQUIRED')) throw error;
        await this.#begin(use);
        return await sign();
      } finally {
        if (!this.#logIn.lasts) await this.#logIn.end();
      }
    });
  }

  /** Locks the card, after what is under way. */
  logOut(): Promise<void> {
    return this.#turns.take(() => this.#logIn.end());
  }

  /** The keys, as they are now. */
  keys(): Promise<VirtualSmartCardKey[]> {
    return this.card.keys();
  }

  /** Locks the card and lets go of it. */
  async close(): Promise<void> {
    await this.card.close();
  }

  async #begin(use: SshKeyUse): Promise<void> {
    await this.#logIn.end();
    await this.#logIn.begin(use);
  }
}

function asWarning(error: unknown): VirtualSmartCardError {
  if (VirtualSmartCardError.is(error)) return error;
  throw error;
}

function stopIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw aborted(signal.reason);
}

function refused({ cardName, container }: SshKeyUse): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_ABORTED',
    `The use of the key "${container}" of the card "${cardName}" was not allowed, so nothing was signed.`,
  );
}
