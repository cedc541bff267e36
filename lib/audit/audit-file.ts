import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Turns } from '../turns.js';

const { O_WRONLY, O_APPEND, O_CREAT } = constants;
/** A FIFO that nobody reads is an error and no wait. Windows has no such flag. */
const O_NONBLOCK = constants.O_NONBLOCK ?? 0;
const LINE_FEED = '\n';

/**
 * A file of JSON lines. Each line is one write at the file's end, on the disk when it is done; the file is
 * opened for it anew, so that it may be renamed at any time. Others may write into it, too.
 */
export class AuditFile {
  readonly #path: string;
  /** Lines in the order of the acts. */
  readonly #turns = new Turns();
  /** A full disk has cut a line short: the next one begins on a line of its own. */
  #isTorn = false;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Fails, with the error of the file system, when the file cannot be made or written. */
  static async open(path: string): Promise<AuditFile> {
    const file = new AuditFile(path);
    await (await file.#open()).close();
    return file;
  }

  append(value: unknown): Promise<void> {
    return this.#turns.take(async () => {
      const handle = await this.#open();
      try {
        await this.#write(handle, JSON.stringify(value) + LINE_FEED);
        await sync(handle);
      } finally {
        await handle.close();
      }
    });
  }

  async #write(handle: FileHandle, line: string): Promise<void> {
    const bytes = Buffer.from(this.#isTorn ? LINE_FEED + line : line);
    const { bytesWritten } = await handle.write(bytes);
    if (bytesWritten < bytes.length) {
      this.#isTorn = bytesWritten > 0;
      throw Object.assign(new Error('only a part of the line was written'), { code: 'ENOSPC' });
    }
    this.#isTorn = false;
  }

  #open(): Promise<FileHandle> {
    return open(this.#path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o600);
  }
}

/** What is no file, such as a terminal, has nothing to be synchronised. */
async function sync(handle: FileHandle): Promise<void> {
  try {
    await handle.datasync();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
  }
}
