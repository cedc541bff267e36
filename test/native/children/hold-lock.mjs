// Arguments: the addon, a file. Locks the file, says "ready" and waits; or says why not and ends.
import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';

const [, , addonPath, path] = process.argv;
const addon = createRequire(import.meta.url)(addonPath);
try {
  const lock = addon.lockFile(path);
  setInterval(() => lock, 60_000);
  writeSync(1, 'ready\n');
} catch (error) {
  writeSync(1, `${error.code} ${error.holderPid}\n`);
  setInterval(() => error, 60_000);
}
