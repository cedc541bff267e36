import { VirtualSmartCardError } from './errors.js';
import { loadNative, type NativeTransport } from './native.js';
import type { NativeCall, NativeEventListener } from './native-call.js';
import type { NativeCardHandle } from './native-pcsc.js';

/** Where the virtual smart card manager is. */
export interface ManagerAddress {
  /** Another machine's name; undefined for this one. */
  machine: string | undefined;
  /** Whether Windows may ask the user for an administrator's consent. */
  allowElevationPrompt: boolean;
}

/** How a create or destroy reports. */
export interface ManagerReports {
  /**
   * Whether the listener hears of `status`; the manager is kept waiting until it has returned, so that
   * a cancel takes effect at that very status. Default true. Where nobody listens it only costs time.
   */
  tellsStatus?: boolean;
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

/** A card in a reader of Windows. */
export interface WindowsCardHandle extends NativeCardHandle {
  /** The card's module as Windows' registry names it; null when it names none that can be loaded. */
  minidriver(): NativeCall<NativeMinidriver | null>;
}

/**
 * Which of Windows' two providers reaches a key: CNG's "Microsoft Smart Card Key Storage Provider", or
 * CryptoAPI's "Microsoft Base Smart Card Crypto Provider" (RSA only).
 */
export type KeyProvider = 'ksp' | 'csp';

/** A card's key as a provider names it. */
export interface NativeKeyAddress {
  provider: KeyProvider;
  readerName: string;
  container: string;
}

/** AT_KEYEXCHANGE, AT_SIGNATURE. */
export type NativeKeySpec = 1 | 2;

/** A key that a provider lists. */
export interface NativeListedKey {
  container: string;
  /** 0 when the provider does not say. */
  keySpec: 0 | NativeKeySpec;
}

/** What a key is to be. */
export interface NativeNewKey extends NativeKeyAddress {
  /** CNG's names; the CSP has RSA only. */
  algorithm: 'RSA' | 'ECDSA_P256' | 'ECDSA_P384';
  /** Length of an RSA key; 0 for the others. */
  bits: number;
  keySpec: NativeKeySpec;
}

/** A hash function as CNG names it. */
export type NativeHash = 'SHA1' | 'SHA256' | 'SHA384' | 'SHA512';

/** A certificate of the user's store "My" (CurrentUser), with the key that belongs to it. */
export interface NativeStoredCertificate {
  /** DER. */
  certificate: Uint8Array;
  provider: KeyProvider;
  /** The container's name alone: a reader's name does not last. */
  container: string;
  keySpec: NativeKeySpec;
  /** What the user sees it by; undefined leaves the name that it has. */
  friendlyName?: string | undefined;
}

/** A certificate of the user's store that is linked to a key of a smart card. */
export interface NativeLinkedCertificate {
  /** DER. */
  certificate: Buffer;
  provider: KeyProvider;
  container: string;
  /** 0 in a link of the KSP: there the key says it. */
  keySpec: 0 | NativeKeySpec;
}

/**
 * What the addon exports on Windows for the keys of cards. All are silent: no dialog appears.
 *
 * Calls with a PIN wait for one another, card by card, since a provider keeps one PIN per process and
 * card. Cancelled while it waits, such a call is rejected with `hresult` 0x80004004 (E_ABORT) and has
 * not touched the card; later it cannot be stopped. A listener hears `pinLeft` (the value is an
 * HRESULT) when the call succeeded and the provider would not forget the PIN afterwards,
 * and `lateKeyLeft` (the container) when an abandoned call has made a key and could not delete it.
 */
export interface NativeKeys {
  listKeys(card: { provider: KeyProvider; readerName: string }): NativeCall<NativeListedKey[]>;
  /** `pin`: 4 to 127 bytes of ASCII without NUL, here and below; copied at once, the copy is wiped. */
  createKey(key: NativeNewKey, pin: Uint8Array, listener?: NativeEventListener): NativeCall<void>;
  /** KSP: a BCRYPT_RSAPUBLIC_BLOB or BCRYPT_ECCPUBLIC_BLOB. CSP: a PUBLICKEYBLOB. */
  readPublicKey(key: NativeKeyAddress): NativeCall<Buffer>;
  /** `padding` is `none` for ECDSA (then r, s). The CSP has PKCS #1 v1.5 only. */
  signHash(
    key: NativeKeyAddress & { padding: 'none' | 'pkcs1' | 'pss'; hashName: NativeHash },
    hash: Uint8Array,
    pin: Uint8Array,
    listener?: NativeEventListener,
  ): NativeCall<Buffer>;
  /** `hashName` is for OAEP only; the CSP has PKCS #1 v1.5, and OAEP with SHA-1. The caller wipes the result. */
  decrypt(
    key: NativeKeyAddress & { padding: 'pkcs1' | 'oaep'; hashName: NativeHash | undefined },
    ciphertext: Uint8Array,
    pin: Uint8Array,
    listener?: NativeEventListener,
  ): NativeCall<Buffer>;
  /** DER; null without one. */
  readCertificate(key: NativeKeyAddress): NativeCall<Buffer | null>;
  writeCertificate(
    key: NativeKeyAddress,
    certificate: Uint8Array,
    pin: Uint8Array,
    listener?: NativeEventListener,
  ): NativeCall<void>;
  /** With its certificate and its container. */
  deleteKey(
    key: NativeKeyAddress,
    pin: Uint8Array,
    listener?: NativeEventListener,
  ): NativeCall<void>;
  /**
   * Puts a certificate into CurrentUser\My with its key link; false when it was there already (then
   * only link and name are set). Abandoned, it takes out again what it put in; the listener hears
   * `lateCertificateLeft` (the container) when it could not.
   */
  addStoredCertificate(
    certificate: NativeStoredCertificate,
    listener?: NativeEventListener,
  ): NativeCall<boolean>;
  /** Takes it out, if it is there and its link names that container of a smart card provider; false if not. */
  removeStoredCertificate(certificate: {
    certificate: Uint8Array;
    container: string;
  }): NativeCall<boolean>;
  /** The certificates of CurrentUser\My whose link names a smart card provider, also of cards that are gone. */
  listStoredCertificates(): NativeCall<NativeLinkedCertificate[]>;
}

/**
 * The card module (minidriver) of a card, loaded for a card handle. All calls must be within a
 * transaction of that handle. Rejections have the code `HRESULT`, with `attemptsLeft` where the module
 * told it, and `NOT_OFFERED` when the module lacks the function.
 */
export interface NativeMinidriver {
  /** The name of its file, without the folder. */
  readonly file: string;
  changePin(oldPin: Uint8Array, newPin: Uint8Array): NativeCall<void>;
  unblockByPuk(puk: Uint8Array, newPin: Uint8Array): NativeCall<void>;
  /** The card's 8-byte challenge. */
  challenge(): NativeCall<Buffer>;
  unblockByResponse(response: Uint8Array, newPin: Uint8Array): NativeCall<void>;
  changeAdminKey(response: Uint8Array, newKey: Uint8Array): NativeCall<void>;
  /** Checks a response, without doing anything with it. */
  authenticateAdmin(response: Uint8Array): NativeCall<void>;
  verifyPin(pin: Uint8Array): NativeCall<void>;
  /** Lets go of the module. Safe to call twice. */
  release(): NativeCall<void>;
}

/** What a certification authority answered about a request. Empty where it said nothing. */
export interface NativeRequestAnswer {
  /** The authority that was asked, as `MACHINE\NAME`. */
  config: string;
  /** CR_DISP_…; never CR_DISP_ERROR, which is a rejection with the status as its `hresult`. */
  disposition: number;
  requestId: number;
  /** An HRESULT. */
  status: number;
  message: string;
  /** Base64, when it was issued; and the PKCS #7 with the certificates above it, when Windows has it. */
  certificate: string;
  chain: string;
}

/**
 * What the addon exports on Windows for Active Directory Certificate Services (ICertRequest).
 * `config` is the authority, empty for the machine's default. The listener of a submission hears
 * `lateRequest` (the number of the request) when it was abandoned and the authority has got it.
 */
export interface NativeCertificateRequests {
  /** `format`: CR_IN_PKCS10, CR_IN_PKCS7 or CR_IN_CMC; `request`: base64; `attributes`: lines, or empty. */
  submitRequest(
    request: { config: string; format: number; request: string; attributes: string },
    listener?: NativeEventListener,
  ): NativeCall<NativeRequestAnswer>;
  retrieveCertificate(request: {
    config: string;
    requestId: number;
  }): NativeCall<NativeRequestAnswer>;
}

/** A service as the service control manager has it. */
export interface NativeService {
  /** SERVICE_STATUS.dwCurrentState: 1 stopped, 4 running. */
  state: number;
  /** QUERY_SERVICE_CONFIG.dwStartType: 2 automatic, 3 on demand, 4 disabled. */
  startType: number;
}

/** What the addon exports on Windows for the manager, the readers, their cards and the TPM. */
export interface WindowsAddon extends NativeKeys, NativeCertificateRequests {
  createCard(
    card: NativeCard & ManagerReports,
    listener: NativeEventListener,
  ): NativeCall<{ instanceId: string | null; needReboot: boolean }>;
  destroyCard(
    card: ManagerAddress & ManagerReports & { instanceId: string },
    listener: NativeEventListener,
  ): NativeCall<{ needReboot: boolean }>;
  /** Whether this process runs in a session of Remote Desktop. */
  isRemoteSession(): boolean;
  /** Whether this process has an administrator's rights (TokenElevation). */
  isElevated(): boolean;
  /** null when there is no such service. */
  queryService(name: string): NativeCall<NativeService | null>;
  listReaders(): NativeCall<NativeReader[]>;
  listDevices(): NativeCall<NativeReaderDevice[]>;
  /** Tells `changed` once at the start and at each change, until it is cancelled. */
  watchReaders(listener: NativeEventListener): NativeCall<void>;
  /** Connects to the card in a reader, for use beside other programs (SCARD_SHARE_SHARED). */
  connectCard(readerName: string): NativeCall<WindowsCardHandle>;
  /** The machine's TPM by way of TBS. Rejections have the code `HRESULT`, or `CLOSED`. */
  openTbs(): Promise<NativeTransport>;
  /**
   * The container of the attestation identity key of the card in a reader, by the Windows Runtime
   * (ISmartCardProvisioning2); null when it names none.
   */
  attestationKeyContainer(readerName: string): NativeCall<string | null>;
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
