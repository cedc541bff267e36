import type { GidsApplet } from '../../../../lib/gids/applet.js';
import type { NativeCall } from '../../../../lib/native-call.js';
import type { NativeMinidriver, WindowsCardHandle } from '../../../../lib/native-windows.js';
import { FakeCall, nativeError } from './fake-call.js';

const RESET_CARD = 0x80100068;
const NOT_TRANSACTED = 0x80100016;

/** A handle to an applet, which others may reset as they may a card on Windows. */
export class FakeCardHandle implements WindowsCardHandle {
  /** What was called, and a command's instruction. */
  readonly calls: string[] = [];
  /** How many commands are let through before another program resets the card. */
  commandsUntilReset = Number.POSITIVE_INFINITY;
  /** The card's module; none unless a test has one. */
  module: () => NativeCall<NativeMinidriver | null> = () => FakeCall.resolved(null);
  readonly #applet: GidsApplet;
  #wasReset = false;
  #inTransaction = false;

  constructor(applet: GidsApplet) {
    this.#applet = applet;
  }

  async resetByAnother(): Promise<void> {
    await this.#applet.reset();
    this.#wasReset = true;
    this.#inTransaction = false;
  }

  transmit(command: Uint8Array): NativeCall<Buffer> {
    return FakeCall.of(this.#transmit(command));
  }

  async #transmit(command: Uint8Array): Promise<Buffer> {
    this.calls.push(`transmit ${Buffer.from(command.subarray(1, 2)).toString('hex')}`);
    if (this.commandsUntilReset-- <= 0) {
      this.commandsUntilReset = Number.POSITIVE_INFINITY;
      await this.resetByAnother();
    }
    this.#check();
    return this.#applet.transmit(command);
  }

  beginTransaction(): NativeCall<void> {
    return FakeCall.of(this.#beginTransaction());
  }

  async #beginTransaction(): Promise<void> {
    this.calls.push('begin');
    this.#check();
    this.#inTransaction = true;
  }

  endTransaction(reset: boolean): NativeCall<void> {
    return FakeCall.of(this.#endTransaction(reset));
  }

  async #endTransaction(reset: boolean): Promise<void> {
    this.calls.push(reset ? 'end with reset' : 'end');
    this.#check();
    if (!this.#inTransaction) throw nativeError('HRESULT', { hresult: NOT_TRANSACTED });
    this.#inTransaction = false;
    if (reset) await this.#applet.reset();
  }

  /** Whether a provider's call would wait for this handle. */
  get inTransaction(): boolean {
    return this.#inTransaction;
  }

  minidriver(): NativeCall<NativeMinidriver | null> {
    return this.module();
  }

  reconnect(reset: boolean): NativeCall<void> {
    return FakeCall.of(this.#reconnect(reset));
  }

  async #reconnect(reset: boolean): Promise<void> {
    this.calls.push(reset ? 'reset' : 'reconnect');
    if (reset) await this.#applet.reset();
    this.#wasReset = false;
  }

  close(reset: boolean): NativeCall<void> {
    return FakeCall.of(this.#close(reset));
  }

  async #close(reset: boolean): Promise<void> {
    this.calls.push(reset ? 'close with reset' : 'close');
    if (reset) await this.#applet.close();
  }

  #check(): void {
    if (this.#wasReset) throw nativeError('HRESULT', { hresult: RESET_CARD });
  }
}
