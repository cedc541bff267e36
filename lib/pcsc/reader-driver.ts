import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VirtualSmartCardError } from '../errors.js';

// Two levels above this file, in the sources (lib/) as in what is published (dist/).
const PACKAGE_ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * pcscd's driver: a build of this package, else the prebuild for this platform.
 *
 * @throws VirtualSmartCardError `ERR_NATIVE_ADDON`
 */
export function findReaderDriver(root = PACKAGE_ROOT): string {
  const folders = ['build/Release', `prebuilds/${process.platform}-${process.arch}`];
  const paths = folders.map((folder) => join(root, folder, 'virtual-smartcard-ifd.so'));
  const found = paths.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new VirtualSmartCardError(
    'ERR_NATIVE_ADDON',
    `This package has no driver for pcscd on ${process.platform}-${process.arch}. On Linux,` +
      ' `npx node-gyp rebuild` in its folder builds it.',
  );
}
