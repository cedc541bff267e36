import type { AbortOptions } from '../arguments.js';
import type { CreationStatus } from '../creation-status.js';
import type { PublicKey } from '../gids/card-state.js';
import type { ApduChannel } from '../gids/channel.js';
import type { PinPolicy } from '../pin-policy.js';
import type { Credential } from '../tpm/activate-credential.js';
import type { Attestation as KeyAttestation } from '../tpm/attest.js';

/** What carries a manager out. */
export type BackendKind = 'embedded' | 'windows' | 'pcsc';

/** What carries a manager out. It knows cards by their device instance id and holds no OS word. */
export interface Backend {
  readonly kind: BackendKind;
  /**
   * The one form of an instance id that this backend goes by; without it, a device instance id's.
   *
   * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
   */
  normalizeInstanceId?(instanceId: string): string;
  /** Where the store is that this process owns, and so can serve to others. */
  readonly stateDirectory?: string;
  /** Id of the process that owns the store and serves it to this one. */
  readonly servedBy?: number;
  /** Makes a card, all or nothing, and resolves to its instance id. */
  create(request: CreateRequest): Promise<string>;
  list(): Promise<CardInfo[]>;
  /**
   * Keeps whoever else asks for it waiting, other processes that reach these cards too, until it is
   * released or this process ends: so that looking for a card and making it are one. Never waits.
   *
   * @returns undefined while somebody has it
   */
  tryClaim?(): Promise<CreationClaim | undefined>;
  destroy(instanceId: string, options: LongCallOptions): Promise<void>;
  /** Opens a connection of its own PIN state to a card. */
  connect(instanceId: string): Promise<CardConnection>;
  /**
   * Opens a channel of its own PIN state to a card, for APDUs that come from elsewhere: a reader, or
   * a client of `serve`. It is closed with the backend and with the card; on a card that was
   * destroyed it fails with `ERR_CARD_NOT_FOUND`.
   */
  openChannel?(instanceId: string): Promise<ApduChannel>;
  /** Notes which reader holds a card, which `list` then tells; undefined when none does any more. */
  noteReader?(instanceId: string, readerName: string | undefined): void;
  tpmStatus(): Promise<TpmStatus>;
  /** Resets the TPM's dictionary-attack lockout with its lockout authorisation. */
  resetTpmLockout(lockoutAuthorization: Uint8Array): Promise<void>;
  /**
   * Reads what is encrypted to the endorsement key and the attestation key of the cards' TPM.
   *
   * @returns the secret, for the caller to wipe
   * @throws VirtualSmartCardError `ERR_ATTESTATION`
   */
  activateCredential?(credential: Credential): Promise<Buffer>;
  /** Where acts are recorded: the same backend, whose acts are those of a client with that user id. */
  actingFor?(uid: number | undefined): Backend;
  /** Tells of cards that come and go from now on; the caller closes it. */
  watch?(): Promise<CardWatch>;
  close(): Promise<void>;
}

/** Somebody's right to look for a card and make it. */
export interface CreationClaim {
  release(): void | Promise<void>;
}

/** A card that came or went. */
export interface CardEvent {
  /** Whether it came or went. */
  type: 'added' | 'removed';
  /** As in {@link CardInfo}. */
  instanceId: string;
  /** As in {@link CardInfo}. */
  name: string;
}

/**
 * The events of cards, in order, until it is closed: by `close`, or by leaving `for await`.
 *
 * @example
 * ```ts
 * const watch = await manager.watch();
 * for await (const event of watch) if (event.type === 'removed') break;
 * ```
 */
export interface CardWatch extends AsyncIterableIterator<CardEvent> {
  /**
   * Ends the events; those that were not taken yet are dropped. Safe to call twice.
   *
   * @example
   * ```ts
   * await watch.close();
   * ```
   */
  close(): Promise<void>;
}

/** Options of every call that takes long enough to be watched or stopped. */
export interface LongCallOptions {
  /** Told of each stage as it begins. When it throws, the call stops and leaves nothing half made. */
  onProgress?: ((status: CreationStatus) => void) | undefined;
  /** Its abort stops the call, which rejects with `ERR_ABORTED` and leaves nothing half made. */
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
  /** Windows: what the card can prove about its TPM; default none. */
  attestation?: Attestation | undefined;
}

/**
 * Whether the certificates of cards are put into the user's store of certificates, too, and taken out
 * with them. `currentUser`: CurrentUser\My, where Windows' programs look. `none`: it is left alone.
 */
export type CertificateStoreOption = 'currentUser' | 'none';

/**
 * What a card can prove about its TPM. `aikOnly`: it has an attestation identity key.
 * `aikAndCertificate`: and Microsoft's certificate for that key, which needs the network.
 */
export type Attestation = 'none' | 'aikOnly' | 'aikAndCertificate';

/**
 * What stops guessing. `block`: five wrong PINs block the card until it is unblocked. `wait`: wrong
 * PINs count in the TPM's own lockout, which heals with time.
 */
export type AntiHammering = 'block' | 'wait';

/** A card as `list` and `info` show it. */
export interface CardInfo {
  /**
   * Device instance id, `ROOT\SMARTCARDREADER\0000` and on; of the pcsc backend `READER\` and the
   * reader's name.
   */
  instanceId: string;
  /** The friendly name it was created with; of the pcsc backend the reader's name. */
  name: string;
  /** The card's 16-byte identifier as a UUID; undefined when the card has no file system. */
  cardId: string | undefined;
  /** The PC/SC reader that holds the card; undefined when none does. */
  readerName: string | undefined;
  /** The card's answer to reset, hexadecimal, where a reader shows it. */
  atr?: string;
  /** `ready`: usable. `blank`: no file system yet. `lost`: the TPM no longer holds what it needs. */
  state: 'ready' | 'blank' | 'lost';
  /** Why a lost card is lost. */
  stateReason: string | undefined;
  /**
   * `software`: key and TPM are this process and its files. `hardware`: a TPM device. Undefined on the
   * pcsc backend: a reader does not say what its card is made of.
   */
  tpm: 'software' | 'hardware' | undefined;
  /** This and what follows is undefined where it cannot be known: on a lost card, or in a reader. */
  antiHammering: AntiHammering | undefined;
  /** Whether keys may be brought to the card from outside. */
  allowKeyImport: boolean | undefined;
  /** Whether a PUK resets the PIN; else the admin key does. */
  hasPuk: boolean | undefined;
  /** Wrong PINs left before the card blocks; 0 when blocked. */
  pinTriesLeft: number | undefined;
  /** Wrong PINs in a row that block the card. */
  pinTriesMax: number | undefined;
  /** Wrong PUKs left before the PUK is blocked for good; undefined without a PUK. */
  pukTriesLeft: number | undefined;
  /** Keys on the card, 0 to 30. */
  containerCount: number | undefined;
}

/** State of the TPM, above all of its dictionary-attack lockout. Times are in milliseconds. */
export interface TpmStatus {
  /** Where the TPM is, as the `tpm` option spells it. */
  address: string;
  /** `software`: libtpms or swtpm. `hardware`: a TPM device. */
  kind: 'software' | 'hardware';
  /** Four-character vendor id, for example `IBM` for libtpms. */
  manufacturer: string;
  /** What the vendor calls it, up to 16 characters. */
  vendorString: string;
  /** Firmware version as four dotted 16-bit numbers. */
  firmwareVersion: string;
  /** Failures that count now. */
  lockoutCounter: number;
  /** Failures at which the lockout starts. */
  maxAuthFail: number;
  /** Time after which one failure is forgotten. */
  lockoutIntervalMs: number;
  /** Time for which a wrong lockout authorisation bans the next try. */
  lockoutRecoveryMs: number;
  /** Whether the TPM refuses what its lockout protects, right PINs included. */
  inLockout: boolean;
  /** Longest time until a try is possible: 0 outside lockout. */
  retryAfterMs: number;
  /**
   * How many more NV counters the TPM has room for, as it estimates it: a measure of its free NV space, of
   * which a card takes 2 or 3 small indices. Undefined where the TPM does not say.
   */
  nvCountersAvailable?: number;
  /** Windows: what the TPM base services say about the device. */
  device?: TpmDevice;
}

/** A TPM as Windows' TPM base services have it (TPM_DEVICE_INFO). */
export interface TpmDevice {
  /** `2.0` wherever there is a status. */
  version: string;
  /** How it is connected: a TPM_IFTYPE. */
  interfaceType: number;
  /** Revision of the implementation, the vendor's own. */
  implementationRevision: number;
  /** Whether Windows has provisioned it: there is a storage root key at 0x81000001. */
  ready: boolean;
}

/** One key pair of a card with what belongs to it. */
export interface ContainerInfo {
  /** Container name, 1 to 39 UTF-16 units. */
  name: string;
  /** Index in the card's container map, 0 to 29; undefined where only a provider of Windows lists it. */
  index: number | undefined;
  /** Whether it is the one that Windows takes for logon. */
  isDefault: boolean;
  /** What the container map keeps the key under. */
  keySpec: KeySpec;
  /** What kind of key it holds. */
  algorithm: KeyAlgorithm;
  /** Whether a certificate is stored beside the key. */
  hasCertificate: boolean;
}

/** A container to be made. */
export interface NewContainer {
  name: string;
  algorithm: KeyAlgorithm;
  keySpec: KeySpec;
  /** Windows: which of its providers makes it, default the KSP. Elsewhere there is one way only. */
  provider?: 'csp' | 'ksp' | undefined;
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

/** A hash function of FIPS 180-4. */
export type HashName = 'SHA1' | 'SHA256' | 'SHA384' | 'SHA512';

/** A PIN given with one call: verified for it, and logged out after it unless a log-in was there before. */
export interface PinOption {
  pin?: Uint8Array | undefined;
  signal?: AbortSignal | undefined;
}

/** How a certificate is stored. */
export interface CertificateOptions extends PinOption {
  /** Windows: what the user's store of certificates shows it by. Elsewhere there is no place for it. */
  friendlyName?: string | undefined;
}

/** A key that was just made, on its card, before its container is done. */
export interface NewKey {
  publicKey: PublicKey;
  /**
   * Signs as {@link CardConnection.signDigest} does.
   *
   * @param container - another one of the card, whose key signs instead
   */
  signDigest(scheme: SignatureScheme, digest: Uint8Array, container?: string): Promise<Buffer>;
}

/**
 * Makes of a new key what it was made for. It is called within the call that makes the key, so that it
 * must use nothing of the connection but what it is given.
 *
 * @returns the key's certificate, DER, which is stored beside it; undefined when it gets none now
 */
export type Completion = (key: NewKey) => Promise<Uint8Array | undefined>;

/** Tries left on a credential. */
export interface CredentialTries {
  /** 0 when blocked. */
  left: number;
  /** As many as there are after a right PIN or PUK. */
  max: number;
}

/**
 * A connection to one card. Calls may overlap; each is carried out whole, in order. Errors are
 * VirtualSmartCardErrors: ERR_PIN_REQUIRED when an operation needs a PIN and none was verified.
 */
export interface CardConnection {
  info(): Promise<CardInfo>;

  containers(): Promise<ContainerInfo[]>;
  /**
   * Makes a container, all or nothing.
   *
   * @param complete - what belongs to the key from the start. Where the backend can, nobody finds the
   *   container before that is there, and a process that is killed in between leaves none.
   */
  createContainer(
    spec: NewContainer,
    options: CertificateOptions,
    complete?: Completion,
  ): Promise<ContainerInfo>;
  /** The same with a key from outside; `privateKey` is PKCS#8 DER. */
  importContainer(
    spec: { name: string; privateKey: Uint8Array; keySpec: KeySpec },
    options: CertificateOptions,
    complete?: Completion,
  ): Promise<ContainerInfo>;
  /** Deletes key, certificate and container. */
  deleteContainer(name: string, options: PinOption): Promise<void>;
  setDefaultContainer(name: string, options: PinOption): Promise<void>;

  publicKey(name: string): Promise<PublicKey>;
  /** The container's certificate, DER; undefined when there is none. */
  certificate(name: string): Promise<Buffer | undefined>;
  storeCertificate(
    name: string,
    certificate: Uint8Array,
    options: CertificateOptions,
  ): Promise<void>;
  deleteCertificate(name: string, options: PinOption): Promise<void>;
  /** mscp\msroots: certificates of CAs as PKCS #7 (DER, or what another host put there); undefined when there is none. */
  issuerBundle(): Promise<Buffer | undefined>;
  /** Replaces mscp\msroots. */
  storeIssuerBundle(bundle: Uint8Array, options: PinOption): Promise<void>;

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

  /**
   * What the card's TPM says of the key, where the card can tell.
   *
   * @param qualifyingData - 16 to 32 bytes, which the TPM signs with it
   */
  attest?(name: string, qualifyingData: Uint8Array, options: PinOption): Promise<KeyAttestation>;

  /** The container of the card's attestation identity key, where the system keeps one; undefined without. */
  attestationKeyContainer?(options: AbortOptions): Promise<string | undefined>;

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

  /**
   * Where the system has several ways to a card: what served what through this connection so far, for
   * the self-test's report. No secrets, no names but the system's own.
   */
  servedBy?(): Promise<Readonly<Record<string, string>>>;

  /** Where acts are recorded: does something that is one act of several calls, and records it. */
  recordAct?<T>(
    act: 'enroll' | 'request' | 'attest',
    work: () => Promise<T>,
    containerOf: (value: T) => string,
  ): Promise<T>;

  close(): Promise<void>;
}
