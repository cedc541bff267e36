import { execFile } from 'node:child_process';
import {
  chmod,
  chown,
  copyFile,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  writeFile,
} from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import { invalidArgument, VirtualSmartCardError } from '../errors.js';
import { installationError } from './installation-error.js';
import { DEFAULT_READER_DIRECTORY } from './publish-options.js';
import { findReaderDriver } from './reader-driver.js';
import { READER_NAME } from './reader-target.js';

/** Where the reader is installed, and for whom. */
export interface ReaderPlaces {
  /** pcscd's folder of reader configurations. */
  configDirectory: string;
  /** Where the driver is copied to: pcscd, which is root, runs nothing that a user may overwrite. */
  libraryDirectory: string;
  /** The driver's sockets. */
  directory: string;
}

/** Who may put cards into the reader. */
export interface ReaderOwner {
  uid: number;
  gid: number;
}

/** The places of an ordinary installation. */
export const READER_PLACES: ReaderPlaces = {
  configDirectory: '/etc/reader.conf.d',
  libraryDirectory: '/usr/local/lib/virtual-smartcard',
  directory: DEFAULT_READER_DIRECTORY,
};

const CONFIG_NAME = 'virtual-smartcard';
const LIBRARY_NAME = 'virtual-smartcard-ifd.so';
const MARK =
  '# The reader of virtual-smartcard: written by install-reader, removed by uninstall-reader.';
const SLOT_NAME = /^slot-[0-9]+$/;
/** A socket's path has to fit into 107 bytes, `/slot-0` in them. */
const MAX_DIRECTORY_BYTES = 100;

/** The reader's configuration, as pcscd reads it, and the file that it belongs into. */
export function readerConfiguration(places: ReaderPlaces): { path: string; text: string } {
  const { configDirectory, directory } = checkPlaces(places);
  const lines = [
    MARK,
    `FRIENDLYNAME "${READER_NAME}"`,
    `DEVICENAME   /dev/null:${directory}`,
    `LIBPATH      ${libraryPath(places)}`,
    'CHANNELID    0',
  ];
  return { path: join(configDirectory, CONFIG_NAME), text: `${lines.join('\n')}\n` };
}

/**
 * Copies the driver, makes the directory of its sockets for their owner, and writes the reader's
 * configuration last. Done again, it brings the driver up to date.
 *
 * @throws VirtualSmartCardError `ERR_ACCESS_DENIED` (it needs root), `ERR_INVALID_ARGUMENT`,
 * `ERR_NATIVE_ADDON` (this package has no driver for the platform), `ERR_STATE_IO`
 */
export async function installReader(places: ReaderPlaces, owner: ReaderOwner): Promise<void> {
  const { path, text } = readerConfiguration(places);
  const driver = findReaderDriver();
  try {
    await mkdir(places.libraryDirectory, { recursive: true, mode: 0o755 });
    await putInPlace(libraryPath(places), (temporary) => copyFile(driver, temporary));
    await makeDirectory(places.directory, owner);
    await mkdir(places.configDirectory, { recursive: true, mode: 0o755 });
    await putInPlace(path, (temporary) => writeFile(temporary, text));
  } catch (error) {
    throw installationError(error);
  }
}

/**
 * Removes what `installReader` made, and nothing else.
 *
 * @returns whether there was a reader of ours
 * @throws VirtualSmartCardError `ERR_ACCESS_DENIED`, `ERR_STATE_IO`
 */
export async function uninstallReader(places: ReaderPlaces): Promise<boolean> {
  const { path } = readerConfiguration(places);
  try {
    const found = await readFile(path, 'utf8').catch(ignoreMissing);
    if (found !== undefined && !found.startsWith(MARK)) return false;
    await rm(path, { force: true });
    await rm(libraryPath(places), { force: true });
    await rmdir(places.libraryDirectory).catch(ignoreMissing);
    const names = (await readdir(places.directory).catch(ignoreMissing)) ?? [];
    const slots = names.filter((name) => SLOT_NAME.test(name));
    for (const name of slots) await rm(join(places.directory, name), { force: true });
    if (slots.length === names.length) await rmdir(places.directory).catch(ignoreMissing);
    return found !== undefined;
  } catch (error) {
    throw installationError(error);
  }
}

/**
 * The ids of a user, by name or number.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 */
export async function findUser(name: string): Promise<ReaderOwner> {
  const expected = 'the name of a user of this machine';
  if (!/^[a-z0-9_][a-z0-9_.-]*\$?$/i.test(name)) throw invalidArgument('user', expected, 'another');
  const id = async (option: string) => {
    const { stdout } = await promisify(execFile)('id', [option, '--', name]);
    return Number(stdout);
  };
  try {
    return { uid: await id('-u'), gid: await id('-g') };
  } catch (error) {
    const cause = error instanceof Error ? error : undefined;
    throw new VirtualSmartCardError('ERR_INVALID_ARGUMENT', `There is no user "${name}".`, {
      ...{ cause, parameter: 'user', expected, actual: `"${name}"` },
    });
  }
}

function libraryPath({ libraryDirectory }: ReaderPlaces): string {
  return join(libraryDirectory, LIBRARY_NAME);
}

/** pcscd reads paths up to white space. */
function checkPlaces(places: ReaderPlaces): ReaderPlaces {
  for (const [name, path] of Object.entries(places)) {
    if (isAbsolute(path) && !/[\s"#]/.test(path)) continue;
    throw invalidArgument(name, 'an absolute path without spaces, quotes and #', `"${path}"`);
  }
  const { directory } = places;
  if (Buffer.byteLength(directory) <= MAX_DIRECTORY_BYTES) return places;
  const actual = `${Buffer.byteLength(directory)} bytes`;
  throw invalidArgument('directory', `a path of up to ${MAX_DIRECTORY_BYTES} bytes`, actual);
}

/** One that belongs to somebody else is not taken over: he may have filled it. */
async function makeDirectory(path: string, owner: ReaderOwner): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  const made = await mkdir(path, { mode: 0o700 }).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false;
      throw error;
    },
  );
  if (made) {
    await chown(path, owner.uid, owner.gid);
    return;
  }
  const status = await lstat(path);
  if (!status.isDirectory() || status.uid !== owner.uid || (status.mode & 0o077) !== 0) {
    throw invalidArgument(
      'directory',
      `a new directory, or one of user ${owner.uid} that nobody else may enter`,
      `${path}, of user ${status.uid} and mode ${(status.mode & 0o7777).toString(8)};` +
        ' uninstall-reader removes it',
    );
  }
}

/** pcscd sees the old file or the new one. */
async function putInPlace(path: string, write: (temporary: string) => Promise<void>) {
  const temporary = `${path}.tmp`;
  try {
    await write(temporary);
    await chmod(temporary, 0o644);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTEMPTY') return undefined;
  throw error;
}
