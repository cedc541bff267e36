import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';

/** Name of the service's socket in the state directory. */
const NAME = 'serve.sock';
/** What fits into the address of a UNIX socket on every platform, with its final zero. */
const MAX_PATH_BYTES = 103;

/**
 * A path of the service's socket that fits into a socket's address, however long the state
 * directory's is: on Linux by way of the open directory. It is good until {@link close}.
 */
export class SocketPlace {
  /** Where it is, for people. */
  readonly path: string;
  /** Where it is, for the system. */
  readonly address: string;
  readonly #directory: FileHandle | undefined;

  private constructor(path: string, directory: FileHandle | undefined) {
    this.path = path;
    this.#directory = directory;
    this.address = directory ? `/proc/self/fd/${directory.fd}/${NAME}` : path;
  }

  /** Fails with the error of `open`, `ENAMETOOLONG` where only a short path would do. */
  static async of(stateDirectory: string): Promise<SocketPlace> {
    const path = join(stateDirectory, NAME);
    if (Buffer.byteLength(path) <= MAX_PATH_BYTES) return new SocketPlace(path, undefined);
    if (process.platform !== 'linux') {
      throw Object.assign(new Error('the path is too long for a socket'), { code: 'ENAMETOOLONG' });
    }
    const { O_RDONLY, O_DIRECTORY } = constants;
    return new SocketPlace(path, await open(stateDirectory, O_RDONLY | O_DIRECTORY));
  }

  async close(): Promise<void> {
    await this.#directory?.close();
  }
}
