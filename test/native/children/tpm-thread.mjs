// A worker thread with the software TPM: `hold` keeps it open and idle, `busy` ends in the middle of
// many slow commands, `leave` ends without closing, `repeat` opens and closes it again and again.
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { createPrimary, GET_RANDOM, STARTUP } from './tpm-commands.mjs';

const addon = createRequire(import.meta.url)(workerData.addon);

async function openWhenFree() {
  for (;;) {
    try {
      return await addon.openLibtpms(workerData.directory);
    } catch (error) {
      if (error.code !== 'LIBTPMS_BUSY') throw error;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

if (workerData.mode === 'repeat') {
  for (let i = 0; i < 10; i += 1) {
    const transport = await openWhenFree();
    await transport.transmit(STARTUP);
    await Promise.all([transport.transmit(GET_RANDOM), transport.close()]);
  }
  parentPort.postMessage('done');
} else {
  const transport = await openWhenFree();
  await transport.transmit(STARTUP);
  if (workerData.mode === 'busy') {
    for (let i = 0; i < 50; i += 1) transport.transmit(createPrimary('RSA'));
  }
  if (workerData.mode !== 'leave') setInterval(() => transport, 60_000);
  parentPort.postMessage('open');
}
