// Arguments: the addon, a state directory. Writes to the TPM's NV again and again, and says before
// and after each write which value it is.
import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { codeOf, STARTUP, setRecoveryTime } from './tpm-commands.mjs';

const [, , addonPath, directory] = process.argv;
const addon = createRequire(import.meta.url)(addonPath);
const transport = await addon.openLibtpms(directory);
await transport.transmit(STARTUP);
for (let value = 1; ; value += 1) {
  writeSync(1, `begin ${value}\n`);
  const response = await transport.transmit(setRecoveryTime(value));
  if (codeOf(response) !== 0) throw new Error(`TPM response ${response.toString('hex')}`);
  writeSync(1, `done ${value}\n`);
}
