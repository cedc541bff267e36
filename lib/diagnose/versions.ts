import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { loadNative } from '../native.js';
import { describeSystem } from '../self-test/platform.js';
import type { Findings } from './findings.js';
import type { DiagnosisVersions } from './report.js';

const PACKAGE_ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Loads the addon: without it nothing else can be looked at but files. */
export function checkAddon(findings: Findings): boolean {
  try {
    loadNative();
    findings.ok('addon', 'The native addon is loaded.');
    return true;
  } catch (error) {
    findings.failure('addon', 'The native addon cannot be loaded.', error);
    return false;
  }
}

/** What runs where; of the libraries those that are loaded by now. */
export async function readVersions(hasAddon: boolean): Promise<DiagnosisVersions> {
  const libraries = await loadedLibraries();
  const libtpms = libraries.find((path) => /\/libtpms\.so/.test(path));
  const libpcsclite = libraries.find((path) => /\/libpcsclite\.so/.test(path));
  return {
    ...(await describeSystem()),
    ...(hasAddon && { addon: addonPath() }),
    ...(libtpms !== undefined && { libtpms }),
    ...(libpcsclite !== undefined && { libpcsclite }),
  };
}

function addonPath(): string {
  const nodeGypBuild = createRequire(import.meta.url)('node-gyp-build') as {
    path(root: string): string;
  };
  return nodeGypBuild.path(PACKAGE_ROOT);
}

/** Linux tells them in /proc; elsewhere there is no word of them. */
async function loadedLibraries(): Promise<string[]> {
  if (process.platform !== 'linux') return [];
  const maps = await readFile('/proc/self/maps', 'utf8').catch(() => '');
  const paths = maps.split('\n').map((line) => /\s(\/\S.*\.so[.\d]*)$/.exec(line)?.[1]);
  return [...new Set(paths.filter((path) => path !== undefined))];
}
