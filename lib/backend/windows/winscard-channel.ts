import { VirtualSmartCardError } from '../../errors.js';
import { Instruction } from '../../gids/apdu.js';
import type { ApduChannel } from '../../gids/channel.js';
import type { NativeCall, NativeCardHandle, WindowsAddon } from '../../native-windows.js';
import { Turns } from '../../turns.js';
import { type Purpose, Scard } from './hresults.js';
import type { TimeLimits } from './limits.js';
import { awaitCall, isUnreturned } from './system-call.js';

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
 * Within a transaction it is an error. A handle from which a call has not come back is left to that
 * call; the next one gets another handle.
 */
export class WinscardChannel implements ApduChannel {
  readonly #connect: () => Promise<NativeCardHandle>;
  readonly #leaving: Leaving;
  readonly #timeoutMs: number;
  readonly #turns = new Turns();
  readonly #transactions = new Turns();
  /** undefined after a call that has not come back. */
  #handle: NativeCardHandle | undefined;
  /** That call's error. */
  #unreturned: unknown;
  #isClosed = false;
  #inTransaction = false;
  #resetAtEnd = false;
  /** The last command that selected an application, and whether a reset undid it. */
  #selection: Buffer | undefined;
  #isDeselected = false;

  private constructor(
    connect: () => Promise<NativeCardHandle>,
    handle: NativeCardHandle,
    leaving: Leaving,
    timeoutMs: number,
  ) {
    this.#connect = connect;
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
    const connect = () =>
      awaitCall(() => addon.connectCard(readerName), {
        timeoutMs: limits.query,
        graceMs: 0,
        what: 'Connecting to the card',
      });
    return new WinscardChannel(connect, await connect(), leaving, limits.command);
  }

  transmit(command: Uint8Array): Promise<Buffer> {
    const isSelecting = isSelection(command);
    if (isSelecting) this.#selection = Buffer.from(command);
    return this.#turns.take(async () => {
      if (this.#isDeselected && !isSelecting) await this.#afterReset(() => this.#selectAgain());
      const response = await this.#afterReset(() =>
        this.#call((handle) => handle.transmit(command)),
      );
      this.#isDeselected = false;
      return response;
    });
  }

  /** A call that is no command: of the card's module. */
  call<T>(start: (handle: NativeCardHandle) => NativeCall<T>, purpose?: Purpose): Promise<T> {
    return this.#turns.take(() => this.#call(start, purpose));
  }

  /** Within a transaction, work joins in. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inTransaction) return work();
    return this.#transactions.take(async () => {
      await this.#turns.take(() =>
        this.#afterReset(() => this.#call((handle) => handle.beginTransaction())),
      );
      this.#inTransaction = true;
      this.#resetAtEnd = false;
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

  /** Within a transaction: at its end, before another program gets the card. */
  async reset(): Promise<void> {
    if (this.#inTransaction) {
      this.#resetAtEnd = true;
      return;
    }
    await this.#turns.take(async () => {
      await this.#call((handle) => handle.reconnect(true));
      this.#isDeselected = true;
    });
  }

  /** When the card does not come back from a call, it is let go of as soon as it does. */
  async close(): Promise<void> {
    await this.#turns.take(async () => {
      this.#isClosed = true;
      if (!this.#handle) return;
      try {
        await this.#call((handle) => handle.close(this.#leaving === 'reset'));
      } catch (error) {
        if (!VirtualSmartCardError.is(error, 'ERR_TIMEOUT')) throw error;
      }
    });
  }

  /** One that a reset has ended already is none to end, nor one whose handle was left. */
  async #endTransaction(): Promise<void> {
    await this.#turns.take(async () => {
      this.#inTransaction = false;
      if (!this.#handle) return;
      const reset = this.#resetAtEnd;
      if (reset) this.#isDeselected = true;
      try {
        await this.#call((handle) => handle.endTransaction(reset));
      } catch (error) {
        if (!isAnswer(error, Scard.RESET_CARD) && !isAnswer(error, Scard.NOT_TRANSACTED)) {
          throw error;
        }
      }
    });
  }

  /** A call that the card did not get, because it had been reset, is made once more. */
  async #afterReset<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (this.#inTransaction || !isAnswer(error, Scard.RESET_CARD)) throw error;
      await this.#call((handle) => handle.reconnect(false));
      await this.#selectAgain();
      return call();
    }
  }

  async #selectAgain(): Promise<void> {
    const selection = this.#selection;
    if (selection) await this.#call((handle) => handle.transmit(selection));
    this.#isDeselected = false;
  }

  async #call<T>(
    start: (handle: NativeCardHandle) => NativeCall<T>,
    purpose?: Purpose,
  ): Promise<T> {
    const handle = this.#handle ?? (await this.#connectAgain());
    try {
      return await awaitCall(() => start(handle), {
        timeoutMs: this.#timeoutMs,
        graceMs: 0,
        what: 'Using the card',
        purpose,
      });
    } catch (error) {
      if (isUnreturned(error)) this.#leave(handle, error);
      throw error;
    }
  }

  /** Nothing waits for it: it is let go of, with a reset, when its call comes back. */
  #leave(handle: NativeCardHandle, error: unknown): void {
    if (this.#handle !== handle) return;
    this.#handle = undefined;
    this.#unreturned = error;
    const closing = handle.close(true);
    closing.result.catch(() => undefined);
    closing.abandon();
  }

  async #connectAgain(): Promise<NativeCardHandle> {
    if (this.#isClosed) {
      throw new VirtualSmartCardError('ERR_CLOSED', 'The connection to the card was closed.');
    }
    // Of the transaction that it was in, nothing is left to go on with.
    if (this.#inTransaction) throw this.#unreturned;
    this.#handle = await this.#connect();
    this.#isDeselected = true;
    return this.#handle;
  }
}

/** SELECT by an application's name (ISO 7816-4, 11.2.2), which holds no secret. */
function isSelection(command: Uint8Array): boolean {
  return command[1] === Instruction.SELECT && command[2] === 0x04;
}

function isAnswer(error: unknown, hresult: number): boolean {
  return VirtualSmartCardError.is(error) && error.hresult === hresult;
}
