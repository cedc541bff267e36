import { VirtualSmartCardError } from './errors.js';
import { loadNative } from './native.js';
import type { NativeCall, NativeEventListener } from './native-call.js';

/**
 * A card in a reader (an SCARDHANDLE with a context of its own), shared with other programs. Calls must
 * not overlap. Once closed, calls are rejected with the code `CLOSED`; a card that is never closed is
 * closed, with a reset, when it is collected.
 */
export interface NativeCardHandle {
  /**
   * One command APDU of 4 to 65544 bytes in, its response APDU out. The command is copied before this
   * returns and the copy is wiped after use; the response is memory of its own, which the caller wipes.
   */
  transmit(command: Uint8Array): NativeCall<Buffer>;
  /** Waits until no other program has a transaction with the card. */
  beginTransaction(): NativeCall<void>;
  /** With `reset` the card is reset before another program gets it. */
  endTransaction(reset: boolean): NativeCall<void>;
  /** SCardReconnect: after another program has reset the card; with `reset` it resets the card. */
  reconnect(reset: boolean): NativeCall<void>;
  /** Lets go of the card, with `reset` after a reset. Safe to call twice. */
  close(reset: boolean): NativeCall<void>;
}

/** A reader as pcscd has it. */
export interface PcscReader {
  readerName: string;
  /** Empty without a card that answers. */
  atr: Buffer;
  /** Another number whenever a card came or went. */
  events: number;
}

/**
 * What the addon exports off Windows for readers and their cards. Rejections have the code `HRESULT`,
 * whose numbers are those of Windows, or `PCSC_NOT_FOUND` where there is no PC/SC library.
 */
export interface PcscAddon {
  listReaders(): NativeCall<PcscReader[]>;
  /** Tells `changed` once at the start and at each change, until it is cancelled. */
  watchReaders(listener: NativeEventListener): NativeCall<void>;
  /** Connects to the card in a reader, for use beside other programs (SCARD_SHARE_SHARED). */
  connectCard(readerName: string): NativeCall<NativeCardHandle>;
}

/**
 * The addon as it is off Windows.
 *
 * @throws VirtualSmartCardError `ERR_NOT_SUPPORTED` on Windows, `ERR_NATIVE_ADDON`
 */
export function loadPcscAddon(): PcscAddon {
  if (process.platform === 'win32') {
    throw new VirtualSmartCardError(
      'ERR_NOT_SUPPORTED',
      "The pcsc backend exists off Windows only. Open the manager with { backend: 'windows' }.",
      { parameter: 'backend' },
    );
  }
  return loadNative() as unknown as PcscAddon;
}
