// npm runs this before it packs: it makes what a package has and git has not, dist/ and the prebuilds.
// A package without one of the prebuilds is not made.
//   npm pack                             builds both here, which takes MinGW-w64
//   VSC_PREBUILDS=collected npm pack     takes them as they lie in prebuilds/, from other machines
import { buildTypeScript } from './setup/build.mjs';
import { missingPrebuilds } from './support/prebuilds.mjs';
import { ExpectedError, runOrFail } from './support/run.mjs';

try {
  buildTypeScript();
  if (!areCollected()) runOrFail(process.execPath, ['scripts/build-prebuilds.mjs']);
  requirePrebuilds();
} catch (error) {
  console.error(error.expected ? error.message : error);
  process.exitCode = 1;
}

function areCollected() {
  const chosen = process.env.VSC_PREBUILDS ?? '';
  if (chosen === '' || chosen === 'collected') return chosen === 'collected';
  throw new ExpectedError(`VSC_PREBUILDS is "collected" or not set, and not "${chosen}".`);
}

function requirePrebuilds() {
  const missing = missingPrebuilds();
  if (missing.length === 0) return;
  const folders = missing.map((platform) => `prebuilds/${platform}`).join(' and ');
  throw new ExpectedError(
    `No package is made without ${folders}. Install MinGW-w64, or put there what another machine has` +
      ' built and set VSC_PREBUILDS=collected: prebuilds/README.md. (`npm pack --ignore-scripts` packs' +
      ' what there is, and checks nothing.)',
  );
}
