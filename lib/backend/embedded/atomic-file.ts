import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isMissingFile, stateError } from './state-error.js';

/**
 * Replaces a file so that a kill or a power cut at any moment leaves the old or the new content,
 * never a mixture. After it resolves the new content is on the disk.
 *
 * @throws VirtualSmartCardError `ERR_STATE_IO`; the old content is then still there, unless it was
 * the very last step that failed, which keeps a power cut from undoing the replacement
 */
export async function writeFileAtomic(path: string, content: Uint8Array | string): Promise<void> {
  await (await PreparedFile.write(path, content)).replace();
}

/** A file's new content, on the disk beside the old one: to be put in its place, or discarded. */
export class PreparedFile {
  readonly #path: string;
  /** Opened in advance, so that putting the file in place is as short as can be. */
  readonly #directory: FileHandle;

  private constructor(path: string, directory: FileHandle) {
    this.#path = path;
    this.#directory = directory;
  }

  /** @throws VirtualSmartCardError `ERR_STATE_IO`; nothing is left then */
  static async write(path: string, content: Uint8Array | string): Promise<PreparedFile> {
    try {
      const prepared = new PreparedFile(path, await open(dirname(path), 'r'));
      try {
        await prepared.#write(content);
      } catch (error) {
        await prepared.discard();
        throw error;
      }
      return prepared;
    } catch (error) {
      throw stateError(error, 'write', path);
    }
  }

  /** Puts the content in place, durably; {@link writeFileAtomic} says how it fails. */
  async replace(): Promise<void> {
    try {
      await rename(this.#temporary, this.#path);
    } catch (error) {
      await this.discard();
      throw stateError(error, 'write', this.#path);
    }
    await syncAndClose(this.#directory, dirname(this.#path));
  }

  async discard(): Promise<void> {
    await rm(this.#temporary, { force: true }).catch(() => {
      // What failed before says more; the next open removes what is left.
    });
    await this.#directory.close();
  }

  get #temporary(): string {
    return `${this.#path}.tmp`;
  }

  async #write(content: Uint8Array | string): Promise<void> {
    const file = await open(this.#temporary, 'w', 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
  }
}

/** Removes a file for good; a file that is not there is fine. */
export async function removeFileDurably(path: string): Promise<void> {
  try {
    await rm(path);
  } catch (error) {
    if (isMissingFile(error)) return;
    throw stateError(error, 'remove', path);
  }
  await syncDirectory(dirname(path));
}

/** Keeps a power cut from undoing what was renamed or removed in a directory. */
export async function syncDirectory(path: string): Promise<void> {
  let directory: FileHandle;
  try {
    directory = await open(path, 'r');
  } catch (error) {
    throw stateError(error, 'sync', path);
  }
  await syncAndClose(directory, path);
}

async function syncAndClose(directory: FileHandle, path: string): Promise<void> {
  try {
    await directory.sync();
  } catch (error) {
    throw stateError(error, 'sync', path);
  } finally {
    await directory.close();
  }
}
