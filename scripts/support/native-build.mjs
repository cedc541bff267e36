import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { findNodeHeaders } from './node-headers.mjs';
import { ROOT } from './run.mjs';

/** The environment for node-gyp, which takes the running Node's own headers where there are any. */
export function nodeGypEnvironment() {
  const headers = findNodeHeaders();
  return headers ? { ...process.env, npm_config_nodedir: headers } : process.env;
}

/**
 * A folder below build/ that looks like the clone to node-gyp. It builds, and cleans, in the folder
 * of its binding.gyp, so each variant of the addon gets a folder of its own.
 *
 * @param {string} variant
 * @returns {string} its path
 */
export function mirrorOfSources(variant) {
  const mirror = join(ROOT, 'build', variant);
  mkdirSync(mirror, { recursive: true });
  for (const name of ['binding.gyp', 'package.json']) {
    cpSync(join(ROOT, name), join(mirror, name));
  }
  for (const name of ['native', 'node_modules']) {
    // On Windows anybody may make a junction, and only administrators a symbolic link.
    const link = join(mirror, name);
    if (!existsSync(link)) symlinkSync(join(ROOT, name), link, 'junction');
  }
  return mirror;
}
