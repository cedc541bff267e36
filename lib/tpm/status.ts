import type { TpmStatus } from '../backend/backend.js';
import { readProperties } from './capability.js';
import type { CommandRunner } from './command-runner.js';
import { TPM_PT, TPMA_PERMANENT_IN_LOCKOUT } from './constants.js';
import { responseError } from './error.js';

/** The part of the status that tells about the dictionary-attack lockout (Part 1, 19.8). */
export type LockoutStatus = Pick<
  TpmStatus,
  | 'lockoutCounter'
  | 'maxAuthFail'
  | 'lockoutIntervalMs'
  | 'lockoutRecoveryMs'
  | 'inLockout'
  | 'retryAfterMs'
>;

export async function readLockout(runner: CommandRunner): Promise<LockoutStatus> {
  const properties = await readProperties(runner, TPM_PT.PERMANENT, 18);
  const lockoutCounter = property(properties, TPM_PT.LOCKOUT_COUNTER);
  const maxAuthFail = property(properties, TPM_PT.MAX_AUTH_FAIL);
  const lockoutIntervalMs = 1000 * property(properties, TPM_PT.LOCKOUT_INTERVAL);
  const inLockout = (property(properties, TPM_PT.PERMANENT) & TPMA_PERMANENT_IN_LOCKOUT) !== 0;
  // One failure is forgotten per interval; a try is possible when the counter is below the maximum.
  const tooMany = Math.max(1, lockoutCounter - maxAuthFail + 1);
  return {
    lockoutCounter,
    maxAuthFail,
    lockoutIntervalMs,
    lockoutRecoveryMs: 1000 * property(properties, TPM_PT.LOCKOUT_RECOVERY),
    inLockout,
    retryAfterMs: inLockout ? tooMany * lockoutIntervalMs : 0,
  };
}

export async function readStatus(
  runner: CommandRunner,
): Promise<Omit<TpmStatus, 'address' | 'kind'>> {
  const fixed = await readProperties(runner, TPM_PT.MANUFACTURER, 8);
  const vendor = [0, 1, 2, 3].map((n) => fixed.get(TPM_PT.VENDOR_STRING_1 + n) ?? 0);
  const firmware = [TPM_PT.FIRMWARE_VERSION_1, TPM_PT.FIRMWARE_VERSION_2].flatMap((number) => {
    const value = property(fixed, number);
    return [value >>> 16, value & 0xffff];
  });
  return {
    manufacturer: text([property(fixed, TPM_PT.MANUFACTURER)]),
    vendorString: text(vendor),
    firmwareVersion: firmware.join('.'),
    ...(await readLockout(runner)),
    ...(await readNvSpace(runner)),
  };
}

/** A TPM may leave the property out. */
async function readNvSpace(runner: CommandRunner): Promise<Pick<TpmStatus, 'nvCountersAvailable'>> {
  const properties = await readProperties(runner, TPM_PT.NV_COUNTERS_AVAIL, 1);
  const nvCountersAvailable = properties.get(TPM_PT.NV_COUNTERS_AVAIL);
  return nvCountersAvailable === undefined ? {} : { nvCountersAvailable };
}

function property(properties: ReadonlyMap<number, number>, number: number): number {
  const value = properties.get(number);
  if (value === undefined) throw responseError(`it lacks property 0x${number.toString(16)}`);
  return value;
}

/** Four characters a word, padded with zero bytes; anything unprintable is left out. */
function text(words: readonly number[]): string {
  const bytes = words.flatMap((word) => [24, 16, 8, 0].map((shift) => (word >>> shift) & 0xff));
  return String.fromCharCode(...bytes.filter((byte) => byte >= 0x20 && byte < 0x7f)).trim();
}
