import type { CreationStatus } from '../creation-status.js';
import type { PublicKey } from '../gids/card-state.js';
import type { PinPolicy } from '../pin-policy.js';

/** What carries a manager out. It knows cards by their device instance id and holds no OS word. */
export interface Backend {
  readonly kind: 'embedded' | 'windows';
  /** Makes a card, all or nothing, and resolves to its instance id. */
  create(request: CreateRequest): Promise<string>;
  list(): Promise<CardInfo[]>;
  destroy(instanceId: string, options: LongCallOptions): Promise<void>;
  /** Opens a connection of its own PIN state to a card. */
  connect(instanceId: string): Promise<CardConnection>;
  tpmStatus(): Promise<TpmStatus>;
  /** Resets the TPM's dictionary-attack lockout with its lockout authorisation. */
  resetTpmLockout(lockoutAuthorization: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** Options of every call that takes long enough to be watched or stopped. */
export interface LongCallOptions {
  onProgress?: ((status: CreationStatus) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** A checked request for a card. The secrets are the library's own copies; the caller wipes them. */
export interface CreateRequest extends LongCallOptions {
  name: string;
  pin: Uint8Array;
  puk: Uint8Array | undefined;
  adminKey: Uint8Array;
  pinPolicy: PinPolicy;
  generate: boolean;
  allowKeyImport: boolean;
  antiHammering: AntiHammering;
}

/**
 * What stops guessing. `block`: five wrong PINs block the card until it is unblocked. `wait`: wrong
 * PINs count in the TPM's own lockout, which heals with time.
 */
export type AntiHammering = 'block' | 'wait';

/** A card as `list` and `info` show it. */
export interface CardInfo {
  /** Device instance id, `ROOT\SMARTCARDREADER\0000` and on. */
  instanceId: string;
  /** The friendly name it was created with. */
  name: string;
  /** The card's 16-byte identifier as a UUID; undefined when the card has no file system. */
  cardId: string | undefined;
  /** The PC/SC reader that holds the card; undefined when none does. */
  readerName: string | undefined;
  /** `ready`: usable. `blank`: no file system yet. `lost`: the TPM no longer holds what it needs. */
  state: 'ready' | 'blank' | 'lost';
  /** Why a lost card is lost. */
  stateReason: string | undefined;
  /** `software`: key and TPM are this process and its files. `hardware`: a TPM device. */
  tpm: 'software' | 'hardware';
  /** This and what follows is undefined where it cannot be known: on a lost card. */
  antiHammering: AntiHammering | undefined;
  allowKeyImport: boolean | undefined;
  hasPuk: boolean | undefined;
  /** Wrong PINs left before the card blocks; 0 when blocked. */
  pinTriesLeft: number | undefined;
  pinTriesMax: number | undefined;
  pukTriesLeft: number | undefined;
  containerCount: number | undefined;
}

/** State of the TPM, above all of its dictionary-attack lockout. Times are in milliseconds. */
export interface TpmStatus {
  /** Where the TPM is, as the `tpm` option spells it. */
  address: string;
  kind: 'software' | 'hardware';
  /** Four-character vendor id, for example `IBM` for libtpms. */
  manufacturer: string;
  vendorString: string;
  /** Firmware version as four dotted 16-bit numbers. */
  firmwareVersion: string;
  lockoutCounter: number;
  /** Failures at which the lockout starts. */
  maxAuthFail: number;
  /** Time after which one failure is forgotten. */
  lockoutIntervalMs: number;
  /** Time for which a wrong lockout authorisation bans the next try. */
  lockoutRecoveryMs: number;
  inLockout: boolean;
  /** Longest time until a try is possible: 0 outside lockout. */
  retryAfterMs: number;
}

/** One key pair of a card with what belongs to it. */
export interface ContainerInfo {
  /** Container name, 1 to 39 UTF-16 units. */
  name: string;
  /** Index in the card's container map, 0 to 29. */
  index: number;
  isDefault: boolean;
  keySpec: KeySpec;
  algorithm: KeyAlgorithm;
  hasCertificate: boolean;
}

/** Windows' key specification: what the container map keeps the key under. */
export type KeySpec = 'keyExchange' | 'signature';

/** Key types that a card may hold, if its TPM can make them. */
export type KeyAlgorithm = 'RSA-1024' | 'RSA-2048' | 'RSA-3072' | 'EC-P256' | 'EC-P384';

/** How a digest is signed: the padding and the hash that made the digest. */
export interface SignatureScheme {
  type: 'pkcs1' | 'pss' | 'ecdsa';
  hash: HashName;
}

/** How a ciphertext was made. */
export type DecryptionScheme = { type: 'pkcs1' } | { type: 'oaep'; hash: HashName };

export type HashName = 'SHA1' | 'SHA256' | 'SHA384' | 'SHA512';

/** A PIN given with one call: verified for it, and logged out after it unless a log-in was there before. */
export interface PinOption {
  pin?: Uint8Array | undefined;
  signal?: AbortSignal | undefined;
}

/** Tries left on a credential. */
export interface CredentialTries {
  left: number;
  max: number;
}

/**
 * A connection to one card. Calls may overlap; each is carried out whole, in order. Errors are
 * VirtualSmartCardErrors: ERR_PIN_REQUIRED when an operation needs a PIN and none was verified.
 */
export interface CardConnection {
  info(): Promise<CardInfo>;

  containers(): Promise<ContainerInfo[]>;
  createContainer(
    spec: { name: string; algorithm: KeyAlgorithm; keySpec: KeySpec },
    options: PinOption,
  ): Promise<ContainerInfo>;
  /** `privateKey` is PKCS#8 DER. */
  importContainer(
    spec: { name: string; privateKey: Uint8Array; keySpec: KeySpec },
    options: PinOption,
  ): Promise<ContainerInfo>;
  /** Deletes key, certificate and container. */
  deleteContainer(name: string, options: PinOption): Promise<void>;
  setDefaultContainer(name: string, options: PinOption): Promise<void>;

  publicKey(name: string): Promise<PublicKey>;
  /** The container's certificate, DER; undefined when there is none. */
  certificate(name: string): Promise<Buffer | undefined>;
  storeCertificate(name: string, certificate: Uint8Array, options: PinOption): Promise<void>;
  deleteCertificate(name: string, options: PinOption): Promise<void>;

  /** RSA: as long as the modulus. ECDSA: r ‖ s. */
  signDigest(
    name: string,
    scheme: SignatureScheme,
    digest: Uint8Array,
    options: PinOption,
  ): Promise<Buffer>;
  decrypt(
    name: string,
    scheme: DecryptionScheme,
    ciphertext: Uint8Array,
    options: PinOption,
  ): Promise<Buffer>;

  /** Logs in until `logout`, `close`, a PIN change or a block. */
  verifyPin(pin: Uint8Array): Promise<void>;
  logout(): Promise<void>;
  pinTries(): Promise<CredentialTries>;
  /** undefined on a card without a PUK. */
  pukTries(): Promise<CredentialTries | undefined>;
  changePin(oldPin: Uint8Array, newPin: Uint8Array): Promise<void>;
  unblockWithPuk(puk: Uint8Array, newPin: Uint8Array): Promise<void>;
  /**
   * Challenge and response in one transaction: `respond` gets the card's 8-byte challenge and
   * returns the 8-byte response that the admin key makes of it. Then, still authenticated, runs
   * what is asked for.
   */
  asAdmin(
    respond: (challenge: Uint8Array) => Promise<Uint8Array>,
    action: { resetPin: Uint8Array } | { setAdminKey: Uint8Array } | { authenticateOnly: true },
  ): Promise<void>;

  close(): Promise<void>;
}
