// Builds the addon for publishing: prebuilds/<platform>-<arch>/virtual-smartcard.node. Further
// options are prebuildify's, for example --tag-libc.
//
// By its name npm runs the script `prebuild` before `build` as well, and so before a package is
// packed: a package has the addon of the platform that it was packed on. prebuildify cleans where it
// builds, which must not be build/, and moves what it has built.
import { mirrorOfSources, nodeGypEnvironment } from './support/native-build.mjs';
import { ROOT, runTool } from './support/run.mjs';

process.exitCode = runTool(
  'prebuildify/bin.js',
  [
    '--napi',
    '--strip',
    `--cwd=${mirrorOfSources('prebuild')}`,
    `--out=${ROOT}`,
    ...process.argv.slice(2),
  ],
  { env: nodeGypEnvironment() },
);
