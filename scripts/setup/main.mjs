import { buildNative, buildTypeScript } from './build.mjs';
import { installNodePackages } from './node-packages.mjs';
import { installSystemPackages } from './system-packages.mjs';

/**
 * Sets up what is missing, in the order in which each step needs the one before. When all is there
 * it does nothing and says nothing.
 *
 * @param {{ forTests: boolean }} options
 */
export async function setup(options) {
  installSystemPackages(options);
  installNodePackages();
  await buildNative();
  await buildTypeScript();
  if (options.forTests) await installWindowsLab();
}

/** Node for Windows, and what runs in it. Loaded here only: running the main job needs none of it. */
async function installWindowsLab() {
  const { WindowsLab } = await import('../../test/windows-lab/harness/lab.mjs');
  WindowsLab.install();
}
