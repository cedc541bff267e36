import { join } from 'node:path';
import { VirtualSmartCardError } from '../../errors.js';
import { loadNative } from '../../native.js';
import { stateError } from './state-error.js';

/** Ownership of a state directory, until it is released or the process ends. */
export interface StateLock {
  release(): void;
}

/**
 * Takes the lock on a store.
 *
 * @throws VirtualSmartCardError `ERR_STATE_IN_USE` with `holderPid`
 */
export function lockState(path: string): StateLock {
  try {
    return loadNative().lockFile(path);
  } catch (error) {
    if (!(error instanceof Error) || VirtualSmartCardError.is(error)) throw error;
    const { code, holderPid } = error as { code?: string; holderPid?: number };
    if (code !== 'LOCK_HELD') throw stateError(error, 'lock', path);
    throw inUse(holderPid, error);
  }
}

/**
 * The claim on making cards of a store; its owner, and those that it serves, take it.
 *
 * @returns undefined while somebody has it
 * @throws VirtualSmartCardError `ERR_STATE_IO`
 */
export function tryClaimCreation(root: string): StateLock | undefined {
  try {
    return lockState(join(root, 'ensure.lock'));
  } catch (error) {
    if (VirtualSmartCardError.is(error, 'ERR_STATE_IN_USE')) return undefined;
    throw error;
  }
}

function inUse(holderPid: number | undefined, cause: Error): VirtualSmartCardError {
  const holder =
    holderPid === process.pid
      ? `another thread of this process (${holderPid})`
      : `process ${holderPid ?? 'unknown'}`;
  return new VirtualSmartCardError(
    'ERR_STATE_IN_USE',
    `The state directory is in use by ${holder}, which does not serve it. One process owns it at a ` +
      'time: let that one be `virtual-smartcard serve`, through which all others work; or close ' +
      'the other manager, or choose another state directory.',
    holderPid === undefined ? { cause } : { cause, holderPid },
  );
}
