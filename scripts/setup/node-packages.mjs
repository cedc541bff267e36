import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, runOrFail } from '../support/run.mjs';

/** Runs `npm ci` when node_modules is not what package-lock.json says. */
export function installNodePackages() {
  if (matchesLock()) return;
  console.log('Setup: installing the npm packages of package-lock.json');
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund'];
  // Under npm its own script is named in the environment, which spares a search for a shell wrapper.
  const npm = process.env.npm_execpath;
  if (npm?.endsWith('.js')) runOrFail(process.execPath, [npm, ...args]);
  else runOrFail('npm', args);
}

/**
 * Compares with the record that npm keeps of what it installed. What is optional in the lock (the
 * binaries of other platforms) may be absent, nothing else.
 */
function matchesLock() {
  const wanted = packagesOf(join(ROOT, 'package-lock.json'));
  const present = packagesOf(join(ROOT, 'node_modules', '.package-lock.json'));
  if (!wanted || !present) return false;
  for (const [path, entry] of wanted) {
    const found = present.get(path);
    if (found ? !isSame(entry, found) : !entry.optional) return false;
  }
  return [...present.keys()].every((path) => wanted.has(path));
}

function isSame(a, b) {
  return a.version === b.version && a.integrity === b.integrity;
}

/** The packages of a lock file by their path; undefined when there is no readable one. */
function packagesOf(file) {
  let text;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
  const packages = new Map(Object.entries(JSON.parse(text).packages));
  packages.delete('');
  return packages;
}
