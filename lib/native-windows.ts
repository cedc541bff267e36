import { VirtualSmartCardError } from './errors.js';
import { loadNative, type NativeTransport } from './native.js';

/**
 * A call into Windows that runs on a thread of its own. It keeps the process alive while `result` is
 * pending, and no longer.
 *
 * `result` is rejected with an Error whose `code` is `HRESULT` (then it has an unsigned number
 * `hresult`, and from the virtual smart card manager perhaps `reportedError`, a TPMVSCMGR_ERROR),
 * `ABANDONED` or `NATIVE_FAILURE`. Wrong arguments are thrown at once, with the code `INVALID_ARGUMENT`.
 */
export interface NativeCall<T> {
  readonly result: Promise<T>;
  /** Asks the call to stop. It ends by itself, mostly soon. */
  cancel(): void;
  /**
   * Rejects `result` with `ABANDONED` at once, unless it is there already. The thread waits for
   * Windows without anybody waiting for it; a card that it still makes is destroyed again.
   */
  abandon(): void;
}

/**
 * What a running call tells. `status`: a TPMVSCMGR_STATUS. `changed`: readers or cards came or went.
 * `lateCardDestroyed`, `lateCardLeft`: an abandoned call has made a card, which was destroyed again or
 * could not be; the value is its instance id.
 */
export type NativeEventListener = (name: string, value: number | string) => void;

/** Where the virtual smart card manager is. */
export interface ManagerAddress {
  /** Another machine's name; undefined for this one. */
  machine: string | undefined;
  /** Whether Windows may ask the user for an administrator's consent. */
  allowElevationPrompt: boolean;
}

/** The arguments of the manager's create functions; what is undefined is NULL there. */
export interface NativeCard extends ManagerAddress {
  /** Which interface makes it: ITpmVirtualSmartCardManager, 2 (PIN policy) or 3 (attestation). */
  interface: 1 | 2 | 3;
  name: string;
  /** 24 bytes. */
  adminKey: Uint8Array;
  /** 3 bytes. */
  adminKcv: Uint8Array | undefined;
  puk: Uint8Array | undefined;
  pin: Uint8Array;
  /** 32 bytes; only for 2 and 3. */
  pinPolicy: Uint8Array | undefined;
  /** TPMVSC_ATTESTATION_TYPE; only for 3. */
  attestation: number;
  generate: boolean;
}

/** A reader as the smart card service has it. */
export interface NativeReader {
  readerName: string;
  /** SCARD_READER_TYPE_…: 0x80 for a TPM virtual smart card; undefined when the reader just went. */
  deviceType: number | undefined;
  /** As Windows spells it; empty when the reader just went. */
  instanceId: string;
  /** Empty without a card. */
  atr: Buffer;
}

/** A reader's device node below ROOT\SMARTCARDREADER. */
export interface NativeReaderDevice {
  instanceId: string;
  /** The friendly name: the one the card was created with. Empty when the node has none. */
  name: string;
}

/** TPM_DEVICE_INFO of TBS. */
export interface NativeTpmDeviceInfo {
  structVersion: number;
  /** 1: TPM 1.2; 2: TPM 2.0. */
  tpmVersion: number;
  interfaceType: number;
  implementationRevision: number;
}

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
  endTransaction(): NativeCall<void>;
  /** SCardReconnect: after another program has reset the card; with `reset` it resets the card. */
  reconnect(reset: boolean): NativeCall<void>;
  /** Lets go of the card, with `reset` after a reset. Safe to call twice. */
  close(reset: boolean): NativeCall<void>;
}

/** What the addon exports on Windows for the manager, the readers, their cards and the TPM. */
export interface WindowsAddon {
  createCard(
    card: NativeCard,
    listener: NativeEventListener,
  ): NativeCall<{ instanceId: string | null; needReboot: boolean }>;
  destroyCard(
    card: ManagerAddress & { instanceId: string },
    listener: NativeEventListener,
  ): NativeCall<{ needReboot: boolean }>;
  /** Whether this process runs in a session of Remote Desktop. */
  isRemoteSession(): boolean;
  listReaders(): NativeCall<NativeReader[]>;
  listDevices(): NativeCall<NativeReaderDevice[]>;
  /** Tells `changed` once at the start and at each change, until it is cancelled. */
  watchReaders(listener: NativeEventListener): NativeCall<void>;
  /** Connects to the card in a reader, for use beside other programs (SCARD_SHARE_SHARED). */
  connectCard(readerName: string): NativeCall<NativeCardHandle>;
  /** The machine's TPM by way of TBS. Rejections have the code `HRESULT`, or `CLOSED`. */
  openTbs(): Promise<NativeTransport>;
  tpmDeviceInfo(): NativeCall<NativeTpmDeviceInfo>;
}

/**
 * The addon as it is on Windows.
 *
 * @throws VirtualSmartCardError `ERR_NOT_SUPPORTED` off Windows, `ERR_NATIVE_ADDON`
 */
export function loadWindowsAddon(): WindowsAddon {
  if (process.platform !== 'win32') {
    throw new VirtualSmartCardError(
      'ERR_NOT_SUPPORTED',
      "The windows backend exists on Windows only. Open the manager with { backend: 'embedded' }.",
      { parameter: 'backend' },
    );
  }
  // Which of the two sets of functions the addon has is what it was built for.
  return loadNative() as unknown as WindowsAddon;
}
