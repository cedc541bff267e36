// Builds the native addon; what is up to date is not built again.
//   node scripts/build-native.mjs              build/Release/virtual_smartcard.node
//   node scripts/build-native.mjs --sanitize   the same below build/sanitize/, with
//                                              AddressSanitizer and UndefinedBehaviorSanitizer
import { mirrorOfSources, nodeGypEnvironment } from './support/native-build.mjs';
import { ROOT, runTool } from './support/run.mjs';

const sanitize = process.argv.includes('--sanitize');

const folder = sanitize ? mirrorOfSources('sanitize') : ROOT;
const variant = sanitize ? ['--', '-Dsanitize=1'] : [];

process.exitCode =
  nodeGyp(['configure', `--directory=${folder}`, ...variant]) ||
  nodeGyp(['build', `--directory=${folder}`, '--jobs=max']);

function nodeGyp(args) {
  const env = nodeGypEnvironment();
  return runTool('node-gyp/bin/node-gyp.js', ['--loglevel=warn', ...args], { env });
}
