/**
 * Every way in which a call of this library can fail, as the `code` of a {@link VirtualSmartCardError}.
 *
 * | code | what happened, what to do |
 * |---|---|
 * | `ERR_INVALID_ARGUMENT` | An argument is wrong. `parameter`, `expected` and `actual` say which and why. Nothing was done. |
 * | `ERR_ABORTED` | The caller's AbortSignal stopped the call. Nothing half made is left behind, unless the message says what is. A CA that was asked may have got the request. |
 * | `ERR_CLOSED` | The manager, card or channel was closed before the call. |
 * | `ERR_NOT_SUPPORTED` | This backend, platform or TPM cannot do it. |
 * | `ERR_NATIVE_ADDON` | The native addon could not be loaded; the message says why and what to do. |
 * | `ERR_LIBTPMS_NOT_FOUND` | libtpms is missing; the message names the package to install. |
 * | `ERR_TPM_UNAVAILABLE` | The TPM cannot be reached, or its connection broke. |
 * | `ERR_TPM_BUSY` | This process already runs a software TPM on another directory. |
 * | `ERR_TPM_LOCKED_OUT` | The TPM's dictionary-attack lockout is on. Wait `retryAfterMs`, or reset the lockout. |
 * | `ERR_TPM_LOCKOUT_AUTHORIZATION` | The lockout authorisation is wrong, or banned after a wrong one. |
 * | `ERR_TPM_AUTHORIZATION` | The TPM refused the owner authorisation. |
 * | `ERR_TPM_NV_FULL` | The TPM has no NV space left for another card. |
 * | `ERR_TPM_COMMAND` | A TPM command failed in a way not listed here; `tpmCode` has its response code. |
 * | `ERR_TPM_RESPONSE` | The TPM answered with bytes that are not a valid response, or a session check failed. |
 * | `ERR_STATE_IN_USE` | Another process or manager holds the state directory; `holderPid` says which. |
 * | `ERR_SERVICE_GONE` | The process that serves the store has ended, or does not answer as it should. |
 * | `ERR_STATE_CORRUPT` | A file of the state directory is damaged. |
 * | `ERR_STATE_IO` | The state directory cannot be read or written (disk full, permissions). |
 * | `ERR_CARD_NOT_FOUND` | No card has that instance id. |
 * | `ERR_CARD_AMBIGUOUS` | Several cards match; name one by its instance id. |
 * | `ERR_CARD_DIFFERS` | The card that `ensure` found is not as it was asked for: `parameter`, `expected` and `actual` say in what. |
 * | `ERR_CARD_LIMIT` | Ten cards exist; destroy one first. |
 * | `ERR_CARD_LOST` | The TPM was cleared or replaced, or the card's files are an older copy: the card is gone for good. |
 * | `ERR_CARD_NOT_INITIALIZED` | The card has no file system (it was made without `generate`). |
 * | `ERR_CARD_COMMAND` | The card refused a command in a way not listed here; `statusWord` has its answer. |
 * | `ERR_CARD_RESPONSE` | The card answered with bytes that are not what the card edge says, or its files are damaged. |
 * | `ERR_CONTAINER_NOT_FOUND` | The card has no such container, or none with what is needed. |
 * | `ERR_CONTAINER_EXISTS` | The card already has a container of that name. |
 * | `ERR_CONTAINER_AMBIGUOUS` | Several containers match; name one. |
 * | `ERR_CONTAINER_LIMIT` | The card holds 30 containers; delete one first. |
 * | `ERR_CERTIFICATE_NOT_FOUND` | The container holds no certificate. |
 * | `ERR_CERTIFICATE_MISMATCH` | The certificate's public key belongs to no key of the card. |
 * | `ERR_PIN_REQUIRED` | The operation needs the PIN and none was given. |
 * | `ERR_PIN_INCORRECT` | Wrong PIN; `triesLeft` tries remain. |
 * | `ERR_PIN_BLOCKED` | Too many wrong PINs; unblock with the PUK or the admin key. |
 * | `ERR_PIN_POLICY` | The new PIN breaks the card's PIN policy. |
 * | `ERR_PUK_INCORRECT` | Wrong PUK; `triesLeft` tries remain. |
 * | `ERR_PUK_BLOCKED` | The PUK is blocked; the card cannot be unblocked any more. |
 * | `ERR_PUK_NOT_SET` | The card was made without a PUK; unblock it with the admin key. |
 * | `ERR_ADMIN_KEY_INCORRECT` | The admin key (or the response computed from it) is wrong. |
 * | `ERR_ADMIN_CHALLENGE_ENDED` | The card's challenge ended before its response came; nothing was done. |
 * | `ERR_ADMIN_RESET_NOT_ALLOWED` | The card has a PUK; only the PUK resets its PIN. |
 * | `ERR_KEY_IMPORT_NOT_ALLOWED` | The card was made without `allowKeyImport`. |
 * | `ERR_PFX_PASSWORD_INCORRECT` | The password does not open the PFX, or the file is damaged. |
 * | `ERR_ALGORITHM_NOT_SUPPORTED` | The key or the TPM cannot do this algorithm. |
 * | `ERR_DECRYPTION_FAILED` | The ciphertext does not belong to the key, or is damaged. |
 * | `ERR_NOT_SUPPORTED_REMOTE` | Another machine lets only create and destroy be done. |
 * | `ERR_ELEVATION_REQUIRED` | Windows: the program does not run as an administrator. |
 * | `ERR_ELEVATION_REFUSED` | Windows: the user refused an administrator's consent. |
 * | `ERR_ACCESS_DENIED` | The caller has not the right: on Windows, or to a reader of pcscd. |
 * | `ERR_TERMINAL_SESSION` | Windows: cards are made and destroyed outside of Remote Desktop only. |
 * | `ERR_ARCHITECTURE` | Windows: Node and the addon are not of the processor's own architecture. |
 * | `ERR_MANAGER_UNAVAILABLE` | Windows: the virtual smart card manager does not start, does not answer, or ended. |
 * | `ERR_SMART_CARD_SERVICE` | The smart card service does not run: that of Windows, or pcscd with our reader. |
 * | `ERR_SSH_AGENT` | The ssh agent cannot listen at its socket or pipe; the message says why. |
 * | `ERR_TPM_NOT_READY` | Windows: the TPM is not provisioned, or disabled. |
 * | `ERR_REBOOT_REQUIRED` | Windows: it was done, or can be done, but a restart comes first; `instanceIds` names the card. |
 * | `ERR_READER` | pcscd, a reader or another program that has the card failed the call; `hresult` has winscard's code. |
 * | `ERR_TIMEOUT` | Windows, or the card in a reader, did not come back in time, or an EST server did not answer; or a card of a store that is served was held idle for 5 seconds. |
 * | `ERR_WINDOWS` | Windows failed in a way not listed here; `hresult` and the message have its code and text. |
 * | `ERR_EST_CONNECTION` | The EST server cannot be reached, or TLS does not trust it; the message says why. |
 * | `ERR_EST_AUTHENTICATION` | The EST server asks for a user name and password or a TLS client certificate, or refused them. |
 * | `ERR_EST_REFUSED` | The EST server refused the request; `httpStatus` and the message have its reason, `retryAfterMs` when it may be asked again. |
 * | `ERR_EST_RESPONSE` | What answers is no EST server, or its answer is damaged. |
 * | `ERR_CA_UNAVAILABLE` | The certification authority cannot be reached, does not answer, or is none of that name. |
 * | `ERR_CA_TEMPLATE` | The authority does not issue by the certificate template, or the request names none. |
 * | `ERR_CA_REQUEST` | The authority cannot take the request, has none of that number, or hands no certificate out for it. |
 * | `ERR_ATTESTATION` | An attestation is broken, forged or for another nonce, or a challenge is for another TPM; the message says which. |
 * | `ERR_AUDIT` | The audit trail cannot be written. At the opening nothing was done; later it is a warning, and the act is done. |
 * | `ERR_INF` | The INF text has a line that is wrong or not understood; `line` has its number. |
 */
export type VirtualSmartCardErrorCode =
  | 'ERR_INVALID_ARGUMENT'
  | 'ERR_ABORTED'
  | 'ERR_CLOSED'
  | 'ERR_NOT_SUPPORTED'
  | 'ERR_NATIVE_ADDON'
  | 'ERR_LIBTPMS_NOT_FOUND'
  | 'ERR_TPM_UNAVAILABLE'
  | 'ERR_TPM_BUSY'
  | 'ERR_TPM_LOCKED_OUT'
  | 'ERR_TPM_LOCKOUT_AUTHORIZATION'
  | 'ERR_TPM_AUTHORIZATION'
  | 'ERR_TPM_NV_FULL'
  | 'ERR_TPM_COMMAND'
  | 'ERR_TPM_RESPONSE'
  | 'ERR_STATE_IN_USE'
  | 'ERR_SERVICE_GONE'
  | 'ERR_STATE_CORRUPT'
  | 'ERR_STATE_IO'
  | 'ERR_CARD_NOT_FOUND'
  | 'ERR_CARD_AMBIGUOUS'
  | 'ERR_CARD_DIFFERS'
  | 'ERR_CARD_LIMIT'
  | 'ERR_CARD_LOST'
  | 'ERR_CARD_NOT_INITIALIZED'
  | 'ERR_CARD_COMMAND'
  | 'ERR_CARD_RESPONSE'
  | 'ERR_CONTAINER_NOT_FOUND'
  | 'ERR_CONTAINER_EXISTS'
  | 'ERR_CONTAINER_AMBIGUOUS'
  | 'ERR_CONTAINER_LIMIT'
  | 'ERR_CERTIFICATE_NOT_FOUND'
  | 'ERR_CERTIFICATE_MISMATCH'
  | 'ERR_PIN_REQUIRED'
  | 'ERR_PIN_INCORRECT'
  | 'ERR_PIN_BLOCKED'
  | 'ERR_PIN_POLICY'
  | 'ERR_PUK_INCORRECT'
  | 'ERR_PUK_BLOCKED'
  | 'ERR_PUK_NOT_SET'
  | 'ERR_ADMIN_KEY_INCORRECT'
  | 'ERR_ADMIN_CHALLENGE_ENDED'
  | 'ERR_ADMIN_RESET_NOT_ALLOWED'
  | 'ERR_KEY_IMPORT_NOT_ALLOWED'
  | 'ERR_PFX_PASSWORD_INCORRECT'
  | 'ERR_ALGORITHM_NOT_SUPPORTED'
  | 'ERR_DECRYPTION_FAILED'
  | 'ERR_NOT_SUPPORTED_REMOTE'
  | 'ERR_ELEVATION_REQUIRED'
  | 'ERR_ELEVATION_REFUSED'
  | 'ERR_ACCESS_DENIED'
  | 'ERR_TERMINAL_SESSION'
  | 'ERR_ARCHITECTURE'
  | 'ERR_MANAGER_UNAVAILABLE'
  | 'ERR_SMART_CARD_SERVICE'
  | 'ERR_SSH_AGENT'
  | 'ERR_TPM_NOT_READY'
  | 'ERR_REBOOT_REQUIRED'
  | 'ERR_READER'
  | 'ERR_TIMEOUT'
  | 'ERR_WINDOWS'
  | 'ERR_EST_CONNECTION'
  | 'ERR_EST_AUTHENTICATION'
  | 'ERR_EST_REFUSED'
  | 'ERR_EST_RESPONSE'
  | 'ERR_CA_UNAVAILABLE'
  | 'ERR_CA_TEMPLATE'
  | 'ERR_CA_REQUEST'
  | 'ERR_ATTESTATION'
  | 'ERR_AUDIT'
  | 'ERR_INF';

/** What a {@link VirtualSmartCardError} may carry besides its message. */
export interface VirtualSmartCardErrorDetails {
  /** The error below this one. */
  cause?: unknown;
  /** TPM 2.0 response code, as in "TPM 2.0 Library, Part 2", section 6.6. */
  tpmCode?: number;
  /** ISO 7816-4 status word (SW1 SW2). */
  statusWord?: number;
  /** Windows HRESULT, unsigned; winscard's codes are the same with pcscd. */
  hresult?: number;
  /** Windows: the step of the virtual smart card manager that failed, a TPMVSCMGR_ERROR without its prefix. */
  reportedError?: string;
  /** Tries left before the PIN or PUK blocks. */
  triesLeft?: number;
  /** Milliseconds until a new try is possible. */
  retryAfterMs?: number;
  /** HTTP status of a server's answer (RFC 9110, section 15). */
  httpStatus?: number;
  /** Process id of the holder of the state directory. */
  holderPid?: number;
  /** Name of the wrong argument. */
  parameter?: string;
  /** What the argument should have been. */
  expected?: string;
  /** What it was; never a secret's value. */
  actual?: string;
  /** Line of the INF text, counted from 1. */
  line?: number;
  /** Which admin key the card has after a change that failed, as far as it is known. */
  adminKeyInForce?: 'current' | 'unknown';
  /**
   * The instance ids that matched, for `ERR_CARD_AMBIGUOUS`; the card's that was made all the same, for
   * `ERR_REBOOT_REQUIRED` and where a create that failed could not destroy it again.
   */
  instanceIds?: readonly string[];
}

/**
 * The one error class of this library. Branch on `code`, show `message`: it says what happened and
 * what to do. No message, field or cause holds a secret.
 *
 * @example
 * ```ts
 * try {
 *   await key.sign('RSA-SHA256', data, { pin });
 * } catch (error) {
 *   if (error instanceof VirtualSmartCardError && error.code === 'ERR_PIN_INCORRECT') {
 *     console.error(`wrong PIN, ${error.triesLeft} tries left`);
 *   } else throw error;
 * }
 * ```
 */
export class VirtualSmartCardError extends Error implements VirtualSmartCardErrorDetails {
  /** What happened. Codes stay; messages may change. */
  readonly code: VirtualSmartCardErrorCode;
  // Declared only, so that a field that is not set is not there at all.
  declare readonly tpmCode?: number;
  declare readonly statusWord?: number;
  declare readonly hresult?: number;
  declare readonly reportedError?: string;
  declare readonly triesLeft?: number;
  declare readonly retryAfterMs?: number;
  declare readonly httpStatus?: number;
  declare readonly holderPid?: number;
  declare readonly parameter?: string;
  declare readonly expected?: string;
  declare readonly actual?: string;
  declare readonly line?: number;
  declare readonly adminKeyInForce?: 'current' | 'unknown';
  declare readonly instanceIds?: readonly string[];

  constructor(
    code: VirtualSmartCardErrorCode,
    message: string,
    details: VirtualSmartCardErrorDetails = {},
  ) {
    const { cause, ...fields } = details;
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    Object.assign(this, fields);
  }

  /** `VirtualSmartCardError` */
  override get name(): string {
    return 'VirtualSmartCardError';
  }

  /**
   * True when `error` is a {@link VirtualSmartCardError}, of the given code when one is named.
   *
   * @example
   * ```ts
   * await card.verifyPin(pin).catch((error) => {
   *   if (!VirtualSmartCardError.is(error, 'ERR_PIN_INCORRECT')) throw error;
   *   console.error(`wrong PIN, ${error.triesLeft} tries left`);
   * });
   * ```
   */
  static is(error: unknown, code?: VirtualSmartCardErrorCode): error is VirtualSmartCardError {
    return error instanceof VirtualSmartCardError && (code === undefined || error.code === code);
  }

  /**
   * What `--json` prints: code, message and the fields that are set.
   *
   * @example `log.error(JSON.stringify(error));`
   */
  toJSON(): Record<string, unknown> {
    const { cause: _cause, stack: _stack, ...fields } = this as Record<string, unknown>;
    return { ...fields, code: this.code, message: this.message };
  }
}

/** An `ERR_INVALID_ARGUMENT` in the one form all of them have. Never pass a secret as `actual`. */
export function invalidArgument(
  parameter: string,
  expected: string,
  actual: string,
): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_INVALID_ARGUMENT',
    `Expected ${expected} for ${parameter}, got ${actual}.`,
    { parameter, expected, actual },
  );
}

/** Describes a value for an error text by type, not by content. */
export function describeType(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return typeof value === 'object' ? `an object (${value.constructor?.name})` : `a ${typeof value}`;
}

/** Describes a value for an error text: a text by its first 80 characters, anything else by type. */
export function describeValue(value: unknown): string {
  return typeof value === 'string' ? `"${value.slice(0, 80)}"` : describeType(value);
}
