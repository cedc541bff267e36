// Opens a store in a worker thread, says how that went, and closes it when told to.
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { VirtualSmartCardManager } from '../../dist/index.js';

try {
  const manager = await VirtualSmartCardManager.open({
    backend: 'embedded',
    stateDirectory: workerData.stateDirectory,
    tpm: 'libtpms',
  });
  const cards = (await manager.list()).length;
  parentPort.postMessage({ opened: true, cards });
  await once(parentPort, 'message');
  await manager.close();
  parentPort.postMessage({ closed: true });
} catch ({ code, holderPid, message }) {
  parentPort.postMessage({ code, holderPid, message });
}
