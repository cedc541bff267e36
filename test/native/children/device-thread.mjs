// A worker thread that waits for a device's response that never comes whole.
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';

const addon = createRequire(import.meta.url)(workerData.addon);
const transport = await addon.openDevice(workerData.path);
// The stand-in echoes these 10 bytes, whose header announces 20.
transport.transmit(Buffer.from('80010000001400000000', 'hex'));
transport.transmit(Buffer.from('80010000001400000000', 'hex'));
parentPort.postMessage('waiting');
