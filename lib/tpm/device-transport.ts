import { loadNative } from '../native.js';
import { deviceError } from './addon-error.js';
import { AddonTransport } from './addon-transport.js';
import type { TpmTransport } from './transport.js';

/**
 * Opens a TPM character device, such as the kernel's resource manager /dev/tpmrm0.
 *
 * @throws VirtualSmartCardError `ERR_TPM_UNAVAILABLE`, `ERR_NATIVE_ADDON`
 */
export async function openDevice(path: string): Promise<TpmTransport> {
  const addon = loadNative();
  const convert = (error: unknown) => deviceError(error, path);
  try {
    const native = await addon.openDevice(path);
    return new AddonTransport('device', `device:${path}`, native, convert);
  } catch (error) {
    throw convert(error);
  }
}
