/** Codes of failures that are the command line's own; all others are the library's. */
export type CliErrorCode =
  | 'ERR_USAGE'
  | 'ERR_FILE_READ'
  | 'ERR_FILE_WRITE'
  | 'ERR_FILE_EXISTS'
  | 'ERR_STDOUT'
  | 'ERR_READER_GONE';

/** A failure of the command line itself: a wrong word, a file that cannot be read or written. */
export class CliError extends Error {
  readonly code: CliErrorCode;

  constructor(code: CliErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  override get name(): string {
    return 'CliError';
  }
}

/** The command line is wrong; nothing was done. Never put a value into it that may be a secret. */
export function usageError(message: string): CliError {
  return new CliError('ERR_USAGE', message);
}
