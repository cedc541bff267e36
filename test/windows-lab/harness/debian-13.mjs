import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExpectedError, outputOf, ROOT, runOrFail } from '../../../scripts/support/run.mjs';
import { BUILD, SOURCES } from './paths.mjs';

const MIRROR = 'http://deb.debian.org/debian';
const PACKAGES = ['wine64', 'libwine'];

const FOLDER = join(BUILD, 'debian-13');
const WHOLE = join(FOLDER, '.whole');

const SCRIPT = join(SOURCES, 'harness', 'in-debian.sh');
const inside = (program) => [
  ...['unshare', '--mount', '--propagation', 'private'],
  ...['sh', SCRIPT, FOLDER, ROOT, program],
];

/**
 * A lab with Wine 10, which runs what Debian 12's Wine cannot. It comes from a Debian 13 in a folder
 * of its own: its packages on this system would replace the C library and much else. Needs root.
 */
export const DEBIAN_13 = {
  name: 'wine-10',
  wine: { program: inside('/usr/lib/wine/wine64'), server: inside('/usr/lib/wine/wineserver') },
  versions: [24, 26],
  install,
};

function install() {
  if (existsSync(WHOLE)) return;
  if (process.getuid?.() !== 0) {
    throw new ExpectedError('Wine 10 needs a Debian 13 in a folder, which only root can make.');
  }
  if (outputOf('debootstrap', ['--version']) === undefined) {
    throw new ExpectedError('Wine 10 needs debootstrap: apt-get install debootstrap');
  }
  console.log('Windows lab: installing Debian 13 into a folder, for Wine 10');
  rmSync(FOLDER, { recursive: true, force: true });
  const options = ['--variant=minbase', `--include=${PACKAGES.join(',')}`];
  runOrFail('debootstrap', [...options, 'trixie', FOLDER, MIRROR]);
  writeFileSync(WHOLE, '');
}
