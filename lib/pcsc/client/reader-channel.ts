import { VirtualSmartCardError } from '../../errors.js';
import { Instruction } from '../../gids/apdu.js';
import type { ApduChannel } from '../../gids/channel.js';
import { isUnreturned, type NativeCall } from '../../native-call.js';
import type { NativeCardHandle } from '../../native-pcsc.js';
import { Turns } from '../../turns.js';
import { Scard } from './scard-codes.js';

/** The way to the card in one reader. */
export interface ReaderAccess<Handle extends NativeCardHandle, Purpose> {
  connect(): Promise<Handle>;
  /** Waits for a call to the card, as long as a command may take. */
  wait<T>(start: () => NativeCall<T>, purpose?: Purpose): Promise<T>;
  /**
   * Whether the error ends the handle, so that the next call is to have another one. Without it only
   * a call that has not come back does.
   */
  endsHandle?(error: unknown): boolean;
  /** Rejects unless the card behind a new handle is the one that was opened. */
  requireSameCard?(handle: Handle): Promise<void>;
}

/**
 * How the card is left. `reset` ends whatever was verified, for other programs too; `resetIfUsed` leaves
 * those alone when this channel sent nothing.
 */
export type Leaving = 'reset' | 'resetIfUsed' | 'asItIs';

/**
 * A card in a reader, shared with other programs. The card's state is one for all of them, and each
 * may reset it. Between transactions that is noticed and made good here: it is connected to again,
 * and what was selected is selected again. What was verified is lost, and the card says so. Within a
 * transaction it is an error. A handle from which a call has not come back is left to that call; the
 * next one gets another handle.
 */
export class ReaderChannel<Handle extends NativeCardHandle = NativeCardHandle, Purpose = never>
  implements ApduChannel
{
  readonly #access: ReaderAccess<Handle, Purpose>;
  readonly #leaving: Leaving;
  readonly #turns = new Turns();
  readonly #transactions = new Turns();
  /** undefined after a call that has not come back, and after one that ended it. */
  #handle: Handle | undefined;
  /** That call's error. */
  #lostBy: unknown;
  #resets = 0;
  #isClosed = false;
  #isUsed = false;
  #inTransaction = false;
  #resetAtEnd = false;
  /** The last command that selected an application, and whether a reset undid it. */
  #selection: Buffer | undefined;
  #isDeselected = false;

  /** @param handle - what `access.connect` gave */
  constructor(access: ReaderAccess<Handle, Purpose>, handle: Handle, leaving: Leaving) {
    this.#access = access;
    this.#handle = handle;
    this.#leaving = leaving;
  }

  /** How often the card was reset between transactions, as far as it was noticed, or the handle another one. */
  get resets(): number {
    return this.#resets;
  }

  transmit(command: Uint8Array): Promise<Buffer> {
    const isSelecting = isSelection(command);
    if (isSelecting) this.#selection = Buffer.from(command);
    this.#isUsed = true;
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
  call<T>(start: (handle: Handle) => NativeCall<T>, purpose?: Purpose): Promise<T> {
    this.#isUsed = true;
    return this.#turns.take(() => this.#call(start, purpose));
  }

  /** Within a transaction, work joins in. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inTransaction) return work();
    return this.#transactions.take(async () => {
      await this.#turns.take(() => this.#beginTransaction());
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
      this.#resets += 1;
      this.#isDeselected = true;
    });
  }

  /** When the card does not come back from a call, it is let go of as soon as it does. */
  async close(): Promise<void> {
    await this.#turns.take(async () => {
      this.#isClosed = true;
      if (!this.#handle) return;
      try {
        await this.#call((handle) => handle.close(this.#endsByReset()));
      } catch (error) {
        if (!isUnreturned(error)) throw error;
      }
    });
  }

  #endsByReset(): boolean {
    return this.#leaving === 'reset' || (this.#leaving === 'resetIfUsed' && this.#isUsed);
  }

  /** It does nothing to the card, so it may be tried with a second handle. */
  async #beginTransaction(): Promise<void> {
    const begin = () => this.#afterReset(() => this.#call((handle) => handle.beginTransaction()));
    try {
      await begin();
    } catch (error) {
      if (this.#handle || isUnreturned(error)) throw error;
      await begin();
    }
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

  /**
   * A call that the card did not get is made once more: because it had been reset, or because the
   * handle, which has ended by it, is of before the card was powered anew and has another protocol.
   */
  async #afterReset<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      const isReset = isAnswer(error, Scard.RESET_CARD);
      const isOfBefore = isAnswer(error, Scard.PROTO_MISMATCH) && !this.#handle;
      if (isReset) this.#resets += 1;
      if (this.#inTransaction || !(isReset || isOfBefore)) throw error;
      if (isReset) await this.#call((handle) => handle.reconnect(false));
      await this.#selectAgain();
      return call();
    }
  }

  async #selectAgain(): Promise<void> {
    const selection = this.#selection;
    if (selection) await this.#call((handle) => handle.transmit(selection));
    this.#isDeselected = false;
  }

  async #call<T>(start: (handle: Handle) => NativeCall<T>, purpose?: Purpose): Promise<T> {
    const handle = this.#handle ?? (await this.#connectAgain());
    try {
      return await this.#access.wait(() => start(handle), purpose);
    } catch (error) {
      if (isUnreturned(error) || this.#access.endsHandle?.(error)) this.#leave(handle, error);
      throw error;
    }
  }

  /** Nothing waits for it: it is let go of, with a reset, when its call comes back. */
  #leave(handle: Handle, error: unknown): void {
    if (this.#handle !== handle) return;
    this.#handle = undefined;
    this.#lostBy = error;
    letGo(handle);
  }

  async #connectAgain(): Promise<Handle> {
    if (this.#isClosed) {
      throw new VirtualSmartCardError('ERR_CLOSED', 'The connection to the card was closed.');
    }
    // Of the transaction that it was in, nothing is left to go on with.
    if (this.#inTransaction) throw this.#lostBy;
    const handle = await this.#access.connect();
    try {
      await this.#access.requireSameCard?.(handle);
    } catch (error) {
      letGo(handle);
      throw error;
    }
    this.#handle = handle;
    this.#resets += 1;
    this.#isDeselected = true;
    return handle;
  }
}

function letGo(handle: NativeCardHandle): void {
  const closing = handle.close(true);
  closing.result.catch(() => undefined);
  closing.abandon();
}

/** SELECT by an application's name (ISO 7816-4, 11.2.2), which holds no secret. */
function isSelection(command: Uint8Array): boolean {
  return command[1] === Instruction.SELECT && command[2] === 0x04;
}

function isAnswer(error: unknown, hresult: number): boolean {
  return VirtualSmartCardError.is(error) && error.hresult === hresult;
}
