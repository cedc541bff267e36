import { VirtualSmartCardError } from '../../errors.js';

const ADVICE: Record<string, string> = {
  ENOSPC: 'The disk is full; make room and try again.',
  EDQUOT: 'The disk quota is used up; make room and try again.',
  EFBIG: 'The file size limit of this process is reached.',
  EACCES: 'Check who owns the state directory and its permissions.',
  EPERM: 'Check who owns the state directory and its permissions.',
  EROFS: 'The file system is read-only; choose another state directory.',
  ENOTDIR: 'A part of that path is no directory; choose another state directory.',
  ELOOP: 'Symbolic links in that path lead nowhere; choose another state directory.',
  ENAMETOOLONG: 'That path is too long; choose another state directory.',
};

/** The one place where a failing file operation on the store becomes a typed error. */
export function stateError(cause: unknown, action: string, path: string): VirtualSmartCardError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
  const advice = ADVICE[code] ?? 'Check the state directory.';
  return new VirtualSmartCardError(
    'ERR_STATE_IO',
    `Could not ${action} ${path} (${code}). ${advice}`,
    { cause },
  );
}

/** True for the error of a file that is not there. */
export function isMissingFile(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
