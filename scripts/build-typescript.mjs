// Compiles lib/ to dist/. The result is made in a folder beside it (as deep
// in the tree, for the source maps) and put in place when it is
// whole, so that a failure leaves the old dist/, and no file of a deleted source stays behind.
import { chmodSync, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { typeScriptStamp } from './setup/build.mjs';
import { ROOT, runTool } from './support/run.mjs';

const FRESH = `dist-${process.pid}`;
const OLD = `${FRESH}-old`;

const path = (name) => join(ROOT, name);

try {
  const status = runTool('typescript/bin/tsc', ['-p', 'tsconfig.build.json', '--outDir', FRESH]);
  if (status === 0) {
    putInPlace();
  } else {
    console.error('TypeScript found errors; dist/ is as it was.');
    process.exitCode = 1;
  }
} finally {
  for (const name of [FRESH, OLD]) rmSync(path(name), { recursive: true, force: true });
}

function putInPlace() {
  const program = path(`${FRESH}/cli/main.js`);
  if (existsSync(program)) chmodSync(program, 0o755);
  typeScriptStamp(FRESH).write();
  if (existsSync(path('dist'))) renameSync(path('dist'), path(OLD));
  renameSync(path(FRESH), path('dist'));
}
