import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ExpectedError, run } from '../../../scripts/support/run.mjs';
import { nodeForWindows, PACKAGES, SOURCES } from './paths.mjs';

const FILES = ['package.json', 'package-lock.json'];

/**
 * Installs Node for Windows and what runs in it, as the lab's own lock file says, when that is not
 * what is there. npm takes packages of another platform as optional ones only.
 *
 * @param {readonly number[]} versions - the majors of Node that must be there afterwards
 */
export function installPackages(versions) {
  if (!isCurrent(versions)) {
    console.log('Windows lab: installing Node for Windows and vitest');
    rmSync(PACKAGES, { recursive: true, force: true });
    mkdirSync(PACKAGES, { recursive: true });
    copyFileSync(join(SOURCES, 'package.json'), join(PACKAGES, 'package.json'));
    copyFileSync(join(SOURCES, 'package-lock.json'), join(PACKAGES, 'package-lock.json'));
    const args = ['ci', '--os=win32', '--cpu=x64', '--ignore-scripts', '--no-audit', '--no-fund'];
    const status = run('npm', [...args, `--prefix=${PACKAGES}`]);
    if (status !== 0) {
      rmSync(PACKAGES, { recursive: true, force: true });
      throw new ExpectedError(`npm could not install the Windows lab's packages (${status})`);
    }
  }
  for (const major of versions) {
    if (!existsSync(nodeForWindows(major))) {
      throw new ExpectedError(`npm installed no Node ${major} for Windows`);
    }
  }
}

function isCurrent(versions) {
  const isSame = (name) => contentOf(join(PACKAGES, name)) === contentOf(join(SOURCES, name));
  const isWhole = existsSync(join(PACKAGES, 'node_modules', '.package-lock.json'));
  return isWhole && FILES.every(isSame) && versions.every((v) => existsSync(nodeForWindows(v)));
}

function contentOf(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
