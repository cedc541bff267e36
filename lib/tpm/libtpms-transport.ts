import { loadNative } from '../native.js';
import { libtpmsError } from './addon-error.js';
import { AddonTransport } from './addon-transport.js';
import type { TpmTransport } from './transport.js';

/**
 * Starts the software TPM in this process, with its state in a directory that exists and that the
 * caller has locked.
 *
 * @throws VirtualSmartCardError `ERR_LIBTPMS_NOT_FOUND`, `ERR_TPM_BUSY`, `ERR_STATE_CORRUPT`,
 *   `ERR_STATE_IO`, `ERR_TPM_UNAVAILABLE`, `ERR_NATIVE_ADDON`
 */
export async function openLibtpms(stateDirectory: string): Promise<TpmTransport> {
  const addon = loadNative();
  try {
    const native = await addon.openLibtpms(stateDirectory);
    return new AddonTransport('libtpms', 'libtpms', native, libtpmsError);
  } catch (error) {
    throw libtpmsError(error);
  }
}
