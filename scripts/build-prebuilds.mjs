// Builds the addon for publishing: prebuilds/<platform>-<arch>/virtual-smartcard.node, for this
// platform by prebuildify (on Linux with pcscd's driver beside it) and, where MinGW-w64 is there, for
// Windows (x64) by build-windows.mjs. What is up to date is not built again. Further options are prebuildify's, for example --tag-libc.
import { join } from 'node:path';
import { mingwIsThere } from './support/mingw.mjs';
import { mirrorOfSources, nodeGypEnvironment } from './support/native-build.mjs';
import { prebuildStamp } from './support/prebuilds.mjs';
import { ROOT, run, runTool } from './support/run.mjs';

const options = process.argv.slice(2);

process.exitCode = buildForThisPlatform() || buildForWindows();

/** prebuildify cleans where it builds, which must not be build/, and moves what it has built. */
function buildForThisPlatform() {
  const stamp = prebuildStamp();
  if (options.length === 0 && stamp.isCurrent) return 0;
  const mirror = mirrorOfSources('prebuild');
  const folders = [`--cwd=${mirror}`, `--out=${ROOT}`];
  const built = runTool('prebuildify/bin.js', ['--napi', '--strip', ...folders, ...options], {
    env: nodeGypEnvironment(),
  });
  const status = built || (process.platform === 'linux' ? copyDriver(mirror) : 0);
  if (status === 0 && options.length === 0) stamp.write();
  return status;
}

/** pcscd's driver is no addon, which prebuildify would take along. */
function copyDriver(mirror) {
  const name = 'virtual-smartcard-ifd.so';
  const target = join(ROOT, 'prebuilds', `linux-${process.arch}`, name);
  return run('strip', ['-o', target, join(mirror, 'build', 'Release', name)]);
}

function buildForWindows() {
  if (process.platform === 'win32') return 0;
  if (mingwIsThere()) return run(process.execPath, ['scripts/build-windows.mjs']);
  console.log('No prebuild for Windows: MinGW-w64 is not installed here (prebuilds/README.md).');
  return 0;
}
