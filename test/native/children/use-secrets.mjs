// Arguments: the addon, a state directory, `forget` or `keep`. Reads 32 bytes of authorisation and
// 32 bytes of data, seals the data in the software TPM, opens it again, flushes the object and wipes
// its own memory. Then, with `forget`, has the TPM's memory wiped. Says "ready" and waits.
import { readSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  allocate,
  codeOf,
  createPrimary,
  flush,
  handleOf,
  load,
  STARTUP,
  seal,
  unseal,
} from './tpm-commands.mjs';

const [, , addonPath, directory, mode] = process.argv;
const addon = createRequire(import.meta.url)(addonPath);
const secrets = allocate(64);
for (let size = 0; size < secrets.length; ) {
  size += readSync(0, secrets, size, secrets.length - size, null);
}
const authValue = secrets.subarray(0, 32);
const data = secrets.subarray(32);

const transport = await addon.openLibtpms(directory);

async function send(bytes) {
  const response = await transport.transmit(bytes);
  bytes.fill(0);
  if (codeOf(response) !== 0) throw new Error(`TPM response 0x${codeOf(response).toString(16)}`);
  return response;
}

await send(Buffer.from(STARTUP));
const parent = handleOf(await send(createPrimary('ECC')));
const created = await send(seal(parent, authValue, data));
const object = handleOf(await send(load(parent, created)));
const opened = await send(unseal(object, authValue));
if (!opened.subarray(16, 48).equals(data)) throw new Error('The data came back changed');
opened.fill(0);
await send(flush(object));
await send(flush(parent));
if (mode === 'forget') await transport.forget([authValue, data]);
secrets.fill(0);
writeSync(1, 'ready\n');
setInterval(() => transport, 60_000);
