// Builds the native addon; what is up to date is not built again.
//   node scripts/build-native.mjs              build/Release/virtual_smartcard.node
//   node scripts/build-native.mjs --sanitize   the same below build/sanitize/, with
//                                              AddressSanitizer and UndefinedBehaviorSanitizer
import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { findNodeHeaders } from './support/node-headers.mjs';
import { ROOT, runTool } from './support/run.mjs';

const sanitize = process.argv.includes('--sanitize');

// node-gyp builds into the folder of its binding.gyp, so the second variant gets a folder of its own.
const folder = sanitize ? mirrorOfSources(join(ROOT, 'build', 'sanitize')) : ROOT;

const headers = findNodeHeaders();
const env = headers ? { ...process.env, npm_config_nodedir: headers } : process.env;
const variant = sanitize ? ['--', '-Dsanitize=1'] : [];

process.exitCode =
  nodeGyp(['configure', `--directory=${folder}`, ...variant]) ||
  nodeGyp(['build', `--directory=${folder}`, '--jobs=max']);

function nodeGyp(args) {
  return runTool('node-gyp/bin/node-gyp.js', ['--loglevel=warn', ...args], { env });
}

function mirrorOfSources(mirror) {
  mkdirSync(mirror, { recursive: true });
  cpSync(join(ROOT, 'binding.gyp'), join(mirror, 'binding.gyp'));
  for (const name of ['native', 'node_modules', 'package.json']) {
    if (!existsSync(join(mirror, name))) symlinkSync(join(ROOT, name), join(mirror, name));
  }
  return mirror;
}
