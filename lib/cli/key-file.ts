import type { AdminKey } from '../index.js';
import { wipe } from '../secret.js';
import { hexLine } from './admin-key-hex.js';
import { OutputFile } from './output-file.js';

/**
 * A new file that only its owner can read, for an admin key. The key is in it before a card has it, so
 * that no card exists whose key was lost; unless it is kept, the file goes again.
 */
export class KeyFile {
  readonly path: string;
  #file: OutputFile | undefined;
  #isKept = false;

  constructor(path: string) {
    this.path = path;
  }

  /** Finds a wrong path before anything is done. */
  async reserve(): Promise<void> {
    this.#file ??= await OutputFile.reserve(this.path, { force: false, mode: 0o600 });
  }

  /** @throws CliError `ERR_FILE_EXISTS`, `ERR_FILE_WRITE` */
  async write(key: AdminKey): Promise<void> {
    await this.reserve();
    const line = hexLine(key);
    try {
      await this.#file?.commit(line);
    } finally {
      wipe(line);
    }
  }

  /** A card has the key. */
  keep(): void {
    this.#isKept = true;
  }

  async close(): Promise<void> {
    await this.#file?.discard();
    if (!this.#isKept) await this.#file?.remove();
  }
}
