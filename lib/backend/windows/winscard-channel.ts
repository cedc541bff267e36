import { VirtualSmartCardError } from '../../errors.js';
import { Instruction } from '../../gids/apdu.js';
import type { ApduChannel } from '../../gids/channel.js';
import type { NativeCall, NativeCardHandle, WindowsAddon } from '../../native-windows.js';
import { Turns } from '../../turns.js';
import { Scard } from './hresults.js';
import type { TimeLimits } from './limits.js';
import { awaitCall } from './system-call.js';

/** What cards are reached by. */
export interface CardSystem {
  addon: WindowsAddon;
  limits: Pick<TimeLimits, 'query' | 'command' | 'key' | 'grace'>;
}

/** How the card is left: `reset` ends whatever was verified, for other programs too. */
export type Leaving = 'reset' | 'asItIs';

/**
 * A card in a reader of Windows, shared with other programs. The card's state is one for all of them,
 * and each may reset it. Between transactions that is noticed and made good here: it is connected to
 * again, and what was selected is selected again. What was verified is lost, and the card says so.
 * Within a transaction it is an error.
 */
export class WinscardChannel implements ApduChannel {
  readonly #handle: NativeCardHandle;
  readonly #leaving: Leaving;
  readonly #timeoutMs: number;
  readonly #turns = new Turns();
  readonly #transactions = new Turns();
  #inTransaction = false;
  /** The last command that selected an application. */
  #selection: Buffer | undefined;

  private constructor(handle: NativeCardHandle, leaving: Leaving, timeoutMs: number) {
    this.#handle = handle;
    this.#leaving = leaving;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * @throws VirtualSmartCardError `ERR_CARD_NOT_FOUND` when the reader or its card is gone,
   * `ERR_SMART_CARD_SERVICE`, `ERR_ACCESS_DENIED`, `ERR_TIMEOUT`, `ERR_WINDOWS`
   */
  static async open(
    { addon, limits }: CardSystem,
    readerName: string,
    leaving: Leaving,
  ): Promise<WinscardChannel> {
    const handle = await awaitCall(() => addon.connectCard(readerName), {
      timeoutMs: limits.query,
      graceMs: 0,
      what: 'Connecting to the card',
    });
    return new WinscardChannel(handle, leaving, limits.command);
  }

  transmit(command: Uint8Array): Promise<Buffer> {
    if (isSelection(command)) this.#selection = Buffer.from(command);
    return this.#turns.take(() => this.#afterReset(() => this.#handle.transmit(command)));
  }

  /** Within a transaction, work joins in. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inTransaction) return work();
    return this.#transactions.take(async () => {
      await this.#turns.take(() => this.#afterReset(() => this.#handle.beginTransaction()));
      this.#inTransaction = true;
      let result: T;
      try {
        result = await work();
      } catch (error) {
        await this.#endTransaction().catch((failure) => {
          if (error instanceof Error) error.cause ??= failure;
        });
        throw error;
      }
      await this.#endTransaction();
      return result;
    });
  }

  async reset(): Promise<void> {
    await this.#turns.take(() => this.#call(() => this.#handle.reconnect(true)));
  }

  /** When the card does not come back from a call, it is let go of as soon as it does. */
  async close(): Promise<void> {
    await this.#turns.take(async () => {
      try {
        await this.#call(() => this.#handle.close(this.#leaving === 'reset'));
      } catch (error) {
        if (!VirtualSmartCardError.is(error, 'ERR_TIMEOUT')) throw error;
      }
    });
  }

  /** One that a reset has ended already is none to end. */
  async #endTransaction(): Promise<void> {
    await this.#turns.take(async () => {
      this.#inTransaction = false;
      try {
        await this.#call(() => this.#handle.endTransaction(false));
      } catch (error) {
        if (!isAnswer(error, Scard.RESET_CARD) && !isAnswer(error, Scard.NOT_TRANSACTED)) {
          throw error;
        }
      }
    });
  }

  /** A call that the card did not get, because it had been reset, is made once more. */
  async #afterReset<T>(start: () => NativeCall<T>): Promise<T> {
    try {
      return await this.#call(start);
    } catch (error) {
      if (this.#inTransaction || !isAnswer(error, Scard.RESET_CARD)) throw error;
      await this.#call(() => this.#handle.reconnect(false));
      const selection = this.#selection;
      if (selection) await this.#call(() => this.#handle.transmit(selection));
      return this.#call(start);
    }
  }

  #call<T>(start: () => NativeCall<T>): Promise<T> {
    return awaitCall(start, { timeoutMs: this.#timeoutMs, graceMs: 0, what: 'Using the card' });
  }
}

/** SELECT by an application's name (ISO 7816-4, 11.2.2), which holds no secret. */
function isSelection(command: Uint8Array): boolean {
  return command[1] === Instruction.SELECT && command[2] === 0x04;
}

function isAnswer(error: unknown, hresult: number): boolean {
  return VirtualSmartCardError.is(error) && error.hresult === hresult;
}
