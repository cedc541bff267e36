import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, runOrFail } from '../support/run.mjs';
import { SourceStamp } from '../support/source-stamp.mjs';

/** Builds the native addon when its sources changed since the last build. */
export function buildNative() {
  const stamp = new SourceStamp({
    product: 'build/Release/virtual_smartcard.node',
    sources: ['binding.gyp', 'native', 'scripts/build-native.mjs'],
    conditions: [process.platform, process.arch, versionOf('node-addon-api')],
  });
  if (stamp.isCurrent) return;
  console.log('Setup: building the native addon');
  // make goes by times, which a copied tree need not keep in order: it starts from the sources.
  rmSync(join(ROOT, 'build', 'Release', 'obj.target'), { recursive: true, force: true });
  runOrFail(process.execPath, ['scripts/build-native.mjs']);
  stamp.write();
}

/** Compiles lib/ to dist/ when it changed since the last build. */
export function buildTypeScript() {
  const stamp = typeScriptStamp();
  if (stamp.isCurrent) return;
  console.log('Setup: compiling TypeScript');
  runOrFail(process.execPath, ['scripts/build-typescript.mjs']);
}

/** The stamp of dist/, which the compilation writes. */
export function typeScriptStamp(outputFolder = 'dist') {
  return new SourceStamp({
    product: `${outputFolder}/index.js`,
    sources: ['lib', 'tsconfig.json', 'tsconfig.build.json'],
    conditions: ['typescript', '@types/node', '@peculiar/x509'].map(versionOf),
  });
}

function versionOf(name) {
  const file = join(ROOT, 'node_modules', name, 'package.json');
  return `${name} ${JSON.parse(readFileSync(file, 'utf8')).version}`;
}
