import { VirtualSmartCardError } from '../errors.js';

const NEEDS_ROOT = ['EACCES', 'EPERM', 'EROFS'];

/** The one place where a failing file operation of an installation becomes a typed error. */
export function installationError(cause: unknown): VirtualSmartCardError {
  if (VirtualSmartCardError.is(cause)) return cause;
  const { code = 'unknown error', path = 'a file' } = cause as NodeJS.ErrnoException;
  if (NEEDS_ROOT.includes(code)) {
    return new VirtualSmartCardError(
      'ERR_ACCESS_DENIED',
      `Could not change ${path} (${code}): readers are installed and removed by root. Run it with sudo.`,
      { cause },
    );
  }
  return new VirtualSmartCardError('ERR_STATE_IO', `Could not change ${path} (${code}).`, {
    cause,
  });
}
