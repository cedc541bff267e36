import type { Tpm } from '../../tpm/tpm.js';
import type { StateDirectory } from './state-directory.js';

/** What every part of an open store works on. */
export interface StoreContext {
  readonly tpm: Tpm;
  readonly directory: StateDirectory;
}

/** Whether the TPM exists for this store alone. */
export function isOurs(tpm: Tpm): boolean {
  return tpm.transport.kind === 'libtpms';
}
