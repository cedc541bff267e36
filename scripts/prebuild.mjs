// Builds the addon for publishing: prebuilds/<platform>-<arch>/virtual-smartcard.node, and on Linux
// pcscd's driver beside it. Further options are prebuildify's, for example --tag-libc.
//
// By its name npm runs the script `prebuild` before `build` as well, and so before a package is
// packed: a package has the addon of the platform that it was packed on. prebuildify cleans where it
// builds, which must not be build/, and moves what it has built.
import { join } from 'node:path';
import { mirrorOfSources, nodeGypEnvironment } from './support/native-build.mjs';
import { ROOT, run, runTool } from './support/run.mjs';

const mirror = mirrorOfSources('prebuild');

const status = runTool(
  'prebuildify/bin.js',
  ['--napi', '--strip', `--cwd=${mirror}`, `--out=${ROOT}`, ...process.argv.slice(2)],
  { env: nodeGypEnvironment() },
);
process.exitCode = status || (process.platform === 'linux' ? copyDriver() : 0);

/** The driver is no addon, which prebuildify would take along. */
function copyDriver() {
  const name = 'virtual-smartcard-ifd.so';
  const target = join(ROOT, 'prebuilds', `linux-${process.arch}`, name);
  return run('strip', ['-o', target, join(mirror, 'build/Release', name)]);
}
