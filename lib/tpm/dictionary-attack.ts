import { invalidArgument } from '../errors.js';
import type { CommandRunner } from './command-runner.js';
import { TPM_CC, TPM_RH_LOCKOUT } from './constants.js';
import { TpmWriter } from './writer.js';

/** The figures of the TPM's dictionary-attack lockout (Part 1, 19.8). */
export interface DictionaryAttackParameters {
  /** Failures at which the lockout starts. */
  maxAuthFail: number;
  /** Time after which one failure is forgotten; whole seconds. */
  lockoutIntervalMs: number;
  /** Time for which a wrong lockout authorisation bans the next try; whole seconds. */
  lockoutRecoveryMs: number;
}

/** TPM2_DictionaryAttackParameters (Part 3, 25.3). The caller holds the turn. */
export async function setParameters(
  runner: CommandRunner,
  figures: DictionaryAttackParameters,
  lockoutAuthorization: Uint8Array,
): Promise<void> {
  const parameters = new TpmWriter(12)
    .u32(wholeNumber('maxAuthFail', figures.maxAuthFail))
    .u32(wholeSeconds('lockoutIntervalMs', figures.lockoutIntervalMs))
    .u32(wholeSeconds('lockoutRecoveryMs', figures.lockoutRecoveryMs)).bytes;
  await asLockout(runner, TPM_CC.DictionaryAttackParameters, lockoutAuthorization, parameters);
}

/** TPM2_DictionaryAttackLockReset (Part 3, 25.2). The caller holds the turn. */
export async function resetLockout(
  runner: CommandRunner,
  lockoutAuthorization: Uint8Array,
): Promise<void> {
  await asLockout(runner, TPM_CC.DictionaryAttackLockReset, lockoutAuthorization);
}

async function asLockout(
  runner: CommandRunner,
  code: number,
  authValue: Uint8Array,
  parameters: Uint8Array = new Uint8Array(0),
): Promise<void> {
  await runner.perform({ code, handles: [{ handle: TPM_RH_LOCKOUT }], authValue, parameters });
}

function wholeSeconds(parameter: string, milliseconds: number): number {
  if (milliseconds % 1000 === 0) return wholeNumber(parameter, milliseconds / 1000);
  throw invalidArgument(parameter, 'whole seconds in milliseconds', String(milliseconds));
}

function wholeNumber(parameter: string, value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= 0xffffffff) return value;
  throw invalidArgument(parameter, 'an unsigned 32-bit number', String(value));
}
