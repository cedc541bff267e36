import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './run.mjs';

/** The addon's sources for Windows, by their paths in the clone; binding.gyp finds the same ones. */
export function windowsSources() {
  return ['native/addon.cc', ...['native/node', 'native/windows'].flatMap(sourcesBelow)];
}

/** What node-gyp and cmake-js bring themselves. */
export function delayLoadSources() {
  return sourcesBelow('native/delay-load');
}

/** Windows' libraries that the addon is linked to; as in binding.gyp. */
export const WINDOWS_LIBRARIES = ['ole32', 'oleaut32', 'setupapi', 'advapi32', 'user32', 'uuid'];

function sourcesBelow(folder) {
  return readdirSync(join(ROOT, folder), { recursive: true })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((name) => name.endsWith('.cc'))
    .sort();
}
