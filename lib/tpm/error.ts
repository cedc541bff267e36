import { VirtualSmartCardError } from '../errors.js';
import { TPM_CC, TPM_RC, TPM_RH_ENDORSEMENT, TPM_RH_LOCKOUT, TPM_RH_OWNER } from './constants.js';

/** Names of the response codes that a program is likely to meet, by bare error number (Part 2, 6.6.3). */
const NAMES = new Map<number, string>([
  [0x081, 'TPM_RC_ASYMMETRIC'],
  [0x082, 'TPM_RC_ATTRIBUTES'],
  [0x083, 'TPM_RC_HASH'],
  [0x084, 'TPM_RC_VALUE'],
  [0x085, 'TPM_RC_HIERARCHY'],
  [0x087, 'TPM_RC_KEY_SIZE'],
  [0x08a, 'TPM_RC_TYPE'],
  [0x08b, 'TPM_RC_HANDLE'],
  [0x08d, 'TPM_RC_RANGE'],
  [0x08e, 'TPM_RC_AUTH_FAIL'],
  [0x08f, 'TPM_RC_NONCE'],
  [0x092, 'TPM_RC_SCHEME'],
  [0x095, 'TPM_RC_SIZE'],
  [0x096, 'TPM_RC_SYMMETRIC'],
  [0x097, 'TPM_RC_TAG'],
  [0x098, 'TPM_RC_SELECTOR'],
  [0x09a, 'TPM_RC_INSUFFICIENT'],
  [0x09c, 'TPM_RC_KEY'],
  [0x09d, 'TPM_RC_POLICY_FAIL'],
  [0x09f, 'TPM_RC_INTEGRITY'],
  [0x0a0, 'TPM_RC_TICKET'],
  [0x0a1, 'TPM_RC_RESERVED_BITS'],
  [0x0a2, 'TPM_RC_BAD_AUTH'],
  [0x0a4, 'TPM_RC_POLICY_CC'],
  [0x0a5, 'TPM_RC_BINDING'],
  [0x0a6, 'TPM_RC_CURVE'],
  [0x0a7, 'TPM_RC_ECC_POINT'],
  [0x100, 'TPM_RC_INITIALIZE'],
  [0x101, 'TPM_RC_FAILURE'],
  [0x120, 'TPM_RC_DISABLED'],
  [0x12f, 'TPM_RC_AUTH_UNAVAILABLE'],
  [0x142, 'TPM_RC_COMMAND_SIZE'],
  [0x143, 'TPM_RC_COMMAND_CODE'],
  [0x146, 'TPM_RC_NV_RANGE'],
  [0x147, 'TPM_RC_NV_SIZE'],
  [0x148, 'TPM_RC_NV_LOCKED'],
  [0x149, 'TPM_RC_NV_AUTHORIZATION'],
  [0x14a, 'TPM_RC_NV_UNINITIALIZED'],
  [0x14b, 'TPM_RC_NV_SPACE'],
  [0x14c, 'TPM_RC_NV_DEFINED'],
  [0x153, 'TPM_RC_NEEDS_TEST'],
  [0x902, 'TPM_RC_OBJECT_MEMORY'],
  [0x903, 'TPM_RC_SESSION_MEMORY'],
  [0x904, 'TPM_RC_MEMORY'],
  [0x905, 'TPM_RC_SESSION_HANDLES'],
  [0x908, 'TPM_RC_YIELDED'],
  [0x909, 'TPM_RC_CANCELED'],
  [0x90a, 'TPM_RC_TESTING'],
  [0x910, 'TPM_RC_REFERENCE_H0'],
  [0x918, 'TPM_RC_REFERENCE_S0'],
  [0x920, 'TPM_RC_NV_RATE'],
  [0x921, 'TPM_RC_LOCKOUT'],
  [0x922, 'TPM_RC_RETRY'],
  [0x923, 'TPM_RC_NV_UNAVAILABLE'],
]);

const SLOTS_TAKEN =
  'Other programs hold all of its slots: flush them, or use the resource manager (/dev/tpmrm0).';

/** What to do, where a response code alone tells it. */
const ADVICE = new Map<number, string>([
  [
    0x101,
    'The TPM is in failure mode until it is reset: restart the machine, or the TPM emulator.',
  ],
  [0x120, "The TPM's hierarchy is disabled: enable it in the firmware's set-up."],
  [0x902, SLOTS_TAKEN],
  [0x903, SLOTS_TAKEN],
  [0x905, SLOTS_TAKEN],
]);

const COMMAND_NAMES = new Map(
  Object.entries(TPM_CC).map(([name, code]): [number, string] => [code, `TPM2_${name}`]),
);

/** What is known where a command failed. */
export interface FailedCommand {
  /** Command code. */
  command: number;
  /** The handle that had to be authorised, if any. */
  authorizedHandle?: number | undefined;
  /** State of the lockout, for TPM_RC_LOCKOUT. */
  lockout?: { retryAfterMs: number; clockNeedsProgram: boolean } | undefined;
}

/**
 * The error number without the number of the handle, parameter or session that a format-one code
 * carries (Part 2, 6.6.2): 0x98E and 0x08E are the same error.
 */
function bareTpmCode(code: number): number {
  return code & 0x080 ? code & 0x0bf : code;
}

/** True when `error` came from the TPM and is the given response code, wherever it was found. */
export function isTpmCode(error: unknown, code: number): boolean {
  return (
    error instanceof VirtualSmartCardError &&
    error.tpmCode !== undefined &&
    bareTpmCode(error.tpmCode) === bareTpmCode(code)
  );
}

/** True when `error` came from the TPM, which found fault with a parameter's value (Part 2, 6.6.2). */
export function isParameterError(error: unknown): boolean {
  const code = error instanceof VirtualSmartCardError ? error.tpmCode : undefined;
  return code !== undefined && (code & 0x0c0) === 0x0c0;
}

/** The one place where a TPM's response code becomes an error. */
export function tpmError(tpmCode: number, failed: FailedCommand): VirtualSmartCardError {
  const bare = bareTpmCode(tpmCode);
  const details = { tpmCode };
  const suffix = `(${describe(tpmCode)} from ${COMMAND_NAMES.get(failed.command) ?? hex(failed.command)})`;
  const refused = bare === TPM_RC.AUTH_FAIL || bare === TPM_RC.BAD_AUTH;
  if (failed.authorizedHandle === TPM_RH_LOCKOUT && (refused || bare === TPM_RC.LOCKOUT)) {
    return new VirtualSmartCardError(
      'ERR_TPM_LOCKOUT_AUTHORIZATION',
      `The TPM refused the lockout authorisation: it is wrong, or banned after a wrong one. After a wrong one, further tries are banned for the TPM's lockout recovery time ${suffix}.`,
      details,
    );
  }
  if (failed.authorizedHandle === TPM_RH_OWNER && refused) {
    return new VirtualSmartCardError(
      'ERR_TPM_AUTHORIZATION',
      `The TPM refused the owner authorisation. Give the one that this TPM's owner has set ${suffix}.`,
      details,
    );
  }
  if (failed.authorizedHandle === TPM_RH_ENDORSEMENT && refused) {
    return new VirtualSmartCardError(
      'ERR_TPM_AUTHORIZATION',
      `The TPM refused the empty endorsement authorisation. Attestation needs a TPM whose endorsement hierarchy has none ${suffix}.`,
      details,
    );
  }
  if (bare === TPM_RC.LOCKOUT) return lockedOut(failed.lockout, suffix, tpmCode);
  if (bare === TPM_RC.NV_SPACE) {
    return new VirtualSmartCardError(
      'ERR_TPM_NV_FULL',
      `The TPM has no NV space left. Destroy a card, or undefine NV indices that nobody needs ${suffix}.`,
      details,
    );
  }
  return new VirtualSmartCardError(
    'ERR_TPM_COMMAND',
    [`A TPM command failed ${suffix}.`, ADVICE.get(bare) ?? ''].join(' ').trim(),
    details,
  );
}

/** An answer that is no valid response. */
export function responseError(problem: string, cause?: unknown): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_TPM_RESPONSE',
    `The TPM's answer is not a valid response: ${problem}.`,
    cause === undefined ? {} : { cause },
  );
}

function lockedOut(
  lockout: FailedCommand['lockout'],
  suffix: string,
  tpmCode: number,
): VirtualSmartCardError {
  const wait = lockout ? ` Wait ${formatDuration(lockout.retryAfterMs)}` : ' Wait';
  const clock = lockout?.clockNeedsProgram
    ? " A software TPM's clock runs only while a program has it open."
    : '';
  return new VirtualSmartCardError(
    'ERR_TPM_LOCKED_OUT',
    `Too many wrong authorisations: the TPM's dictionary-attack lockout is on.${wait}, or reset the lockout with the lockout authorisation ${suffix}.${clock}`,
    { tpmCode, ...(lockout ? { retryAfterMs: lockout.retryAfterMs } : {}) },
  );
}

function formatDuration(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.ceil(minutes / 60)} h`;
}

function describe(code: number): string {
  const name = NAMES.get(bareTpmCode(code));
  return name ? `${name}, ${hex(code)}` : `response code ${hex(code)}`;
}

function hex(value: number): string {
  return `0x${value.toString(16).toUpperCase().padStart(3, '0')}`;
}
