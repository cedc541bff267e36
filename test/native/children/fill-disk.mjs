// Arguments: the addon, a state directory. Runs under a file size limit that the TPM's state does
// not fit in, and prints what comes of a command that writes, and of those after it.
import { createRequire } from 'node:module';
import { codeOf, GET_RANDOM, STARTUP, setRecoveryTime } from './tpm-commands.mjs';

const [, , addonPath, directory] = process.argv;
const addon = createRequire(import.meta.url)(addonPath);

async function outcome(call) {
  try {
    return codeOf(await call());
  } catch (error) {
    return { code: error.code, message: error.message };
  }
}

try {
  const transport = await addon.openLibtpms(directory);
  const results = [];
  for (const bytes of [STARTUP, setRecoveryTime(4242), GET_RANDOM]) {
    results.push(await outcome(() => transport.transmit(bytes)));
  }
  await transport.close();
  console.log(JSON.stringify(results));
} catch (error) {
  console.log(JSON.stringify({ code: error.code, message: error.message }));
}
