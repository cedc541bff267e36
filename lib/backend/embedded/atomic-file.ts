import { open, rename, rm } from 'node:fs/promises';
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
  const temporary = `${path}.tmp`;
  try {
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {
      // The write's own error says more than that of the clean-up.
    });
    throw stateError(error, 'write', path);
  }
  await syncDirectory(dirname(path));
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
  try {
    const directory = await open(path, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  } catch (error) {
    throw stateError(error, 'sync', path);
  }
}
