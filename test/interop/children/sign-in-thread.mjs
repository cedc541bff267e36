// A thread that opens the card in a reader, and when it is told to signs with it some times; told to
// do it no times, it says that it begins.
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';

const { index, reader, pin, rounds } = workerData;
const { VirtualSmartCardManager } = await import(index);
const manager = await VirtualSmartCardManager.open({ backend: 'pcsc' });
const card = await manager.card(reader);
parentPort.postMessage('open');
await once(parentPort, 'message');
if (rounds === 0) parentPort.postMessage('waiting');
const [key] = await card.keys();
const signatures = [];
for (let round = 0; round < rounds; round += 1) {
  signatures.push(await key.sign('ECDSA-SHA256', Buffer.from(`round ${round}`), { pin }));
}
await manager.close();
parentPort.postMessage(signatures);
