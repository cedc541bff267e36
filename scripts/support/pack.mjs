import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ExpectedError, ROOT } from './run.mjs';

const execute = promisify(execFile);

/**
 * Packs this clone as it would be published.
 *
 * @param {string} folder - an empty one
 * @returns {Promise<string>} the tarball
 */
export async function packInto(folder) {
  await npm(['pack', `--pack-destination=${folder}`], ROOT);
  const [name] = readdirSync(folder);
  if (!name?.endsWith('.tgz')) throw new ExpectedError('npm packed nothing.');
  return join(folder, name);
}

/**
 * Installs a tarball into a new project, with what it depends on.
 *
 * @param {string} tarball
 * @param {string} project - a folder that is made; no node_modules may lie above it
 * @param {{ env?: NodeJS.ProcessEnv, options?: string[] }} [how] - `options`: further ones of npm
 * @returns {Promise<string>} the installed package
 */
export async function installInto(tarball, project, { env = process.env, options = [] } = {}) {
  mkdirSync(project);
  await npm(['init', '--yes'], project, env);
  // npm's cache spares the registry questions that it was asked before.
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline'];
  await npm(['install', ...quiet, ...options, tarball], project, env);
  return join(project, 'node_modules', 'virtual-smartcard');
}

/** What npm says goes into the error when it fails. */
async function npm(args, cwd, env) {
  await execute('npm', args, { cwd, env, maxBuffer: 64 * 1024 * 1024 }).catch((error) => {
    throw new ExpectedError(`npm ${args.join(' ')} failed:\n${error.stdout}${error.stderr}`);
  });
}
