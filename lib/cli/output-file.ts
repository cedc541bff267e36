import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import {
  copyFile,
  type FileHandle,
  link,
  open,
  realpath,
  rename,
  stat,
  unlink,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileExistsError, fileWriteError } from './file-error.js';

/** How an output file is made. */
export interface OutputFileOptions {
  /** Whether something that has the name already may be overwritten. */
  force: boolean;
  /** Permission bits; default 0666 under the umask. */
  mode?: number;
}

/** What file systems without hard links answer to link(). */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/**
 * A result file. It is reserved before the work whose result it takes, so that a wrong path or a
 * read-only folder is found while nothing has happened yet, and it appears under its name only when
 * it is whole: the bytes go into a temporary file beside it.
 */
export class OutputFile {
  /** As the user wrote it. */
  readonly path: string;
  readonly #target: string;
  readonly #force: boolean;
  /** undefined for a device or pipe, which is written to as it is. */
  readonly #temporary: string | undefined;
  #handle: FileHandle | undefined;
  #isCommitted = false;

  private constructor(
    path: string,
    target: string,
    force: boolean,
    temporary: string | undefined,
    handle: FileHandle,
  ) {
    this.path = path;
    this.#target = target;
    this.#force = force;
    this.#temporary = temporary;
    this.#handle = handle;
  }

  /** @throws CliError `ERR_FILE_EXISTS`, `ERR_FILE_WRITE` */
  static async reserve(path: string, options: OutputFileOptions): Promise<OutputFile> {
    try {
      const present = await statOrNothing(path);
      if (present && !options.force) throw fileExistsError(path);
      if (present && !present.isFile()) {
        return new OutputFile(path, path, true, undefined, await open(path, 'w'));
      }
      // Behind a symbolic link it is the link's target that is replaced.
      const target = present ? await realpath(path) : path;
      const name = `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`;
      const temporary = join(dirname(target), name);
      const handle = await open(temporary, 'wx', options.mode ?? 0o666);
      return new OutputFile(path, target, options.force, temporary, handle);
    } catch (error) {
      throw fileWriteError(path, error);
    }
  }

  /** Writes the whole file, to the disk, and gives it its name. */
  async commit(bytes: Uint8Array): Promise<void> {
    const handle = this.#handle;
    if (!handle) throw new Error('this output file was finished before');
    try {
      await handle.writeFile(bytes);
      if (this.#temporary !== undefined) await handle.sync();
      await this.#closeHandle();
      if (this.#temporary !== undefined) await this.#giveName(this.#temporary);
      this.#isCommitted = true;
    } catch (error) {
      await this.discard();
      if (errno(error) === 'EEXIST') throw fileExistsError(this.path);
      throw fileWriteError(this.path, error);
    }
  }

  /** Gives up a file that was not committed; nothing happens to one that was. */
  async discard(): Promise<void> {
    await this.#closeHandle();
    if (this.#temporary !== undefined) await removeIfThere(this.#temporary);
  }

  /** Takes back a committed file; what else has its name is left alone. */
  async remove(): Promise<void> {
    if (this.#temporary === undefined || !this.#isCommitted) return;
    this.#isCommitted = false;
    await removeIfThere(this.#target);
  }

  async #closeHandle(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  async #giveName(temporary: string): Promise<void> {
    if (this.#force) {
      await rename(temporary, this.#target);
    } else {
      await linkOrCopy(temporary, this.#target);
      await unlink(temporary);
    }
    await syncFolder(dirname(this.#target));
  }
}

/** Unlike rename, neither replaces a file that has appeared meanwhile. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!NO_LINKS.has(errno(error))) throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL);
  }
}

/** Makes a new name in a folder outlive a power cut, where the platform lets folders be synced. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function statOrNothing(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (errno(error) !== 'ENOENT') throw fileWriteError(path, error);
  }
}

function errno(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}
