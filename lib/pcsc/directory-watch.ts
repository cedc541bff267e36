import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { invalidArgument, VirtualSmartCardError } from '../errors.js';

/** Tells when something comes into the driver's directory: pcscd began to listen. */
export class DirectoryWatch {
  readonly #watcher: FSWatcher;

  private constructor(watcher: FSWatcher) {
    this.#watcher = watcher;
  }

  /**
   * @throws VirtualSmartCardError `ERR_SMART_CARD_SERVICE` without such a directory,
   * `ERR_ACCESS_DENIED` when it is another user's, `ERR_INVALID_ARGUMENT` when it is no directory
   */
  static async open(directory: string, onChange: () => void): Promise<DirectoryWatch> {
    try {
      const status = await stat(directory);
      if (!status.isDirectory()) throw invalidArgument('directory', 'a directory', directory);
      const watcher = watch(directory, onChange);
      // Cards are put in again now and then anyway.
      watcher.on('error', () => watcher.close());
      return new DirectoryWatch(watcher);
    } catch (error) {
      throw directoryError(error, directory);
    }
  }

  close(): void {
    this.#watcher.close();
  }
}

function directoryError(cause: unknown, directory: string): VirtualSmartCardError {
  if (VirtualSmartCardError.is(cause)) return cause;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
  if (code === 'ENOENT') {
    return new VirtualSmartCardError(
      'ERR_SMART_CARD_SERVICE',
      `There is no ${directory}: the reader is not installed. Run \`virtual-smartcard install-reader\``,
      { cause },
    );
  }
  return new VirtualSmartCardError(
    'ERR_ACCESS_DENIED',
    `This user may not enter ${directory} (${code}): the reader was installed for another one.`,
    { cause },
  );
}
