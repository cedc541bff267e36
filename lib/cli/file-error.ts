import { CliError } from './failure.js';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it, or its folder, does not exist',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is not a folder',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the disk is read-only',
  ENAMETOOLONG: 'its name is too long',
  EPIPE: 'the program that read it has ended',
};

/** The file, or the stream of that name, cannot be read. */
export function fileReadError(path: string, error: unknown): CliError {
  return new CliError('ERR_FILE_READ', `${path} cannot be read: ${reason(error)}.`, {
    cause: error,
  });
}

/** The file cannot be written. An error that was explained before stays as it is. */
export function fileWriteError(path: string, error: unknown): CliError {
  if (error instanceof CliError) return error;
  return new CliError('ERR_FILE_WRITE', `${path} cannot be written: ${reason(error)}.`, {
    cause: error,
  });
}

/** The file exists and may not be overwritten. */
export function fileExistsError(path: string): CliError {
  return new CliError(
    'ERR_FILE_EXISTS',
    `${path} exists already and is left as it is. Name another file, or overwrite it with --force.`,
  );
}

/** The one place where an errno becomes words here. */
function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === undefined) return String(error);
  const known = REASONS[code];
  return known === undefined ? code : `${known} (${code})`;
}
