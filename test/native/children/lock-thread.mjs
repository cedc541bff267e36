// A worker thread that locks a file and waits.
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';

const addon = createRequire(import.meta.url)(workerData.addon);
const lock = addon.lockFile(workerData.path);
setInterval(() => lock, 60_000);
parentPort.postMessage('locked');
