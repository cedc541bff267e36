import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './run.mjs';
import { SourceStamp } from './source-stamp.mjs';

/** The platforms without whose addon no package is made. */
const PUBLISHED = ['linux-x64', 'win32-x64'];

/** Those of them that are not in prebuilds/. */
export function missingPrebuilds() {
  return PUBLISHED.filter((platform) => !hasAddon(join(ROOT, 'prebuilds', platform)));
}

function hasAddon(folder) {
  return existsSync(folder) && readdirSync(folder).some((name) => name.endsWith('.node'));
}

/** Tells whether this platform's prebuild is that of the sources as they are. */
export function prebuildStamp() {
  const { version } = JSON.parse(
    readFileSync(join(ROOT, 'node_modules/node-addon-api/package.json'), 'utf8'),
  );
  return new SourceStamp({
    product: `prebuilds/${process.platform}-${process.arch}/virtual-smartcard.node`,
    sources: ['binding.gyp', 'native', 'scripts/build-prebuilds.mjs'],
    conditions: [`node-addon-api ${version}`],
  });
}
