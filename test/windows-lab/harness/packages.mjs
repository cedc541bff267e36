import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ExpectedError, run } from '../../../scripts/support/run.mjs';
import { nodeForWindows } from './paths.mjs';

const FILES = ['package.json', 'package-lock.json'];

/**
 * Installs what runs inside Wine, as a lock file says, when that is not what is there. npm takes
 * packages of another platform as optional ones only, so their presence is checked.
 *
 * @param {string} source - folder with package.json and its lock
 * @param {string} target - folder to install into
 * @param {readonly number[]} versions - the majors of Node that must be there afterwards
 */
export function installPackages(source, target, versions) {
  const isMissing = (version) => !existsSync(nodeForWindows(version));
  if (!isCurrent(source, target) || versions.some(isMissing)) install(source, target);
  const missing = versions.filter(isMissing);
  if (missing.length === 0) return;
  throw new ExpectedError(`npm installed no Node ${missing.join(', ')} for Windows`);
}

function install(source, target) {
  console.log(`Windows lab: installing the npm packages of ${source}`);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  for (const name of FILES) copyFileSync(join(source, name), join(target, name));
  const options = ['--os=win32', '--cpu=x64', '--ignore-scripts', '--no-audit', '--no-fund'];
  const status = run('npm', ['ci', ...options, `--prefix=${target}`]);
  if (status === 0) return;
  rmSync(target, { recursive: true, force: true });
  throw new ExpectedError(`npm could not install the Windows lab's packages (${status})`);
}

function isCurrent(source, target) {
  const isSame = (name) => contentOf(join(target, name)) === contentOf(join(source, name));
  return existsSync(join(target, 'node_modules', '.package-lock.json')) && FILES.every(isSame);
}

function contentOf(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
