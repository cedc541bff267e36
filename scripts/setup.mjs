// Makes this clone ready to run: `node scripts/setup.mjs`, with --test for what the tests need too.
// Needs nothing but Node. This file keeps to syntax and modules that old Nodes know, so that an old
// Node gets a sentence and not a stack trace; the work is in setup/main.mjs.

const MINIMUM = [20, 19];

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < MINIMUM[0] || (major === MINIMUM[0] && minor < MINIMUM[1])) {
  console.error(
    `virtual-smartcard needs Node ${MINIMUM.join('.')} or newer; this is Node ${process.versions.node}` +
      ` (${process.execPath}).\nInstall a newer one from https://nodejs.org, or choose one with your` +
      ' version manager, and run the command again.',
  );
  process.exitCode = 1;
} else {
  import('./setup/main.mjs')
    .then(({ setup }) => setup({ forTests: process.argv.includes('--test') }))
    .catch((error) => {
      console.error(error.expected ? error.message : error);
      process.exitCode = 1;
    });
}
