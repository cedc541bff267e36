import { checkSignal } from '../arguments.js';
import type { PinOption } from '../backend/backend.js';
import { VirtualSmartCardError } from '../errors.js';
import { StatusWord } from './apdu.js';
import type { GidsClient } from './client.js';
import { hasStatusWord } from './status-error.js';

/** What a PIN session does with a card. */
export type PinCommands = Pick<
  GidsClient,
  'verifyPin' | 'logOut' | 'changePin' | 'resetPinByPuk' | 'reset'
>;

const NOTHING_TO_PREPARE = async () => undefined;

/**
 * Whether a PIN is verified on a connection, and PINs given with one call: such a PIN is verified,
 * the call carried out, and the connection logged out again unless it was logged in before.
 */
export class PinSession {
  readonly #client: PinCommands;
  #verified = false;

  constructor(client: PinCommands) {
    this.#client = client;
  }

  /** Logs in until further notice. */
  async logIn(pin: Uint8Array): Promise<void> {
    this.#verified = false;
    try {
      await this.#client.verifyPin(pin);
    } catch (error) {
      // The PIN may have been right and only the answer lost.
      await this.#lockAfter(error);
      throw error;
    }
    this.#verified = true;
  }

  async logOut(): Promise<void> {
    this.#verified = false;
    await this.#lock();
  }

  /**
   * Changes the PIN, after which nobody is logged in. CHANGE REFERENCE DATA has nothing between old
   * and new PIN, so that an old PIN with a byte too many would give that byte to the new PIN: hence
   * the old one is verified by itself before.
   */
  async change(oldPin: Uint8Array, newPin: Uint8Array): Promise<void> {
    await this.run({ pin: oldPin }, NOTHING_TO_PREPARE, () =>
      this.#client.changePin(oldPin, newPin),
    );
    this.#verified = false;
  }

  /**
   * Sets a new PIN by the PUK. Here, too, nothing stands between the two, and the PUK cannot be
   * verified by itself: hence the new PIN is, afterwards.
   */
  async resetByPuk(puk: Uint8Array, newPin: Uint8Array): Promise<void> {
    this.#verified = false;
    await this.#client.resetPinByPuk(puk, newPin);
    try {
      await this.run({ pin: newPin }, NOTHING_TO_PREPARE, NOTHING_TO_PREPARE);
    } catch (error) {
      // The card has said that the new PIN is set; that it cannot be verified just now changes nothing.
      if (!VirtualSmartCardError.is(error, 'ERR_PIN_INCORRECT')) return;
      throw new VirtualSmartCardError(
        'ERR_PUK_INCORRECT',
        "The PUK is longer than the card's: its last bytes went into the new PIN. Reset the PIN again with the right PUK.",
        { cause: error },
      );
    }
  }

  /** The card has logged this connection out by itself: its PIN was changed, or it was reset. */
  ended(): void {
    this.#verified = false;
  }

  /**
   * Carries out what needs the PIN.
   *
   * @param prepare - what can be done before: when it fails, no try at the PIN is spent
   * @throws VirtualSmartCardError `ERR_PIN_REQUIRED`, `ERR_PIN_INCORRECT`, `ERR_PIN_BLOCKED`
   */
  async run<P, T>(
    { pin, signal }: PinOption,
    prepare: () => Promise<P>,
    work: (prepared: P) => Promise<T>,
  ): Promise<T> {
    checkSignal(signal);
    if (!pin && !this.#verified) throw pinRequired();
    const prepared = await prepare();
    if (!pin) return this.#watch(prepared, work);
    const stays = this.#verified;
    await this.logIn(pin);
    this.#verified = stays;
    let result: T;
    try {
      checkSignal(signal);
      result = await this.#watch(prepared, work);
    } catch (error) {
      if (!stays) await this.#lockAfter(error);
      throw error;
    }
    if (!stays) await this.#lock();
    return result;
  }

  /** The card may have logged out meanwhile (another connection changed the PIN). */
  async #watch<P, T>(prepared: P, work: (prepared: P) => Promise<T>): Promise<T> {
    try {
      return await work(prepared);
    } catch (error) {
      if (hasStatusWord(error, StatusWord.SECURITY_STATUS_NOT_SATISFIED)) this.#verified = false;
      throw error;
    }
  }

  /** Logs out, if need be by a reset: the connection must not stay open to whoever calls next. */
  async #lock(): Promise<void> {
    try {
      await this.#client.logOut();
    } catch {
      await this.#client.reset();
    }
  }

  /** The same after a failure, whose error is the one to tell. */
  async #lockAfter(failure: unknown): Promise<void> {
    try {
      await this.#lock();
    } catch (error) {
      if (failure instanceof Error) failure.cause ??= error;
    }
  }
}

function pinRequired(): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_PIN_REQUIRED',
    'This needs the PIN. Give it with the call, or verify it before.',
  );
}
