// One scenario of cards that are used by several threads, or by a process that ends, through the
// library itself: `node signs.mjs SCENARIO`. It prints where it is and waits there for a line.
import assert from 'node:assert/strict';
import { randomBytes, verify } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { AdminKey, VirtualSmartCardManager } from '../../../../dist/index.js';

const ROUNDS = 3;
const pin = Buffer.from('12345678');

const open = () => VirtualSmartCardManager.open({ backend: 'windows' });
const newCard = (manager) => manager.create({ name: 'Lab card', pin, adminKey: AdminKey.random() });
const newKey = (card) => card.createKey({ container: 'Key', algorithm: 'EC-P256' }, { pin });

async function sign(key) {
  const data = randomBytes(100);
  const signature = await key.sign('ECDSA-SHA256', data, { pin });
  assert(verify('sha256', data, key.publicKey, signature));
}

function worker(scenario, more = {}) {
  return new Worker(new URL(import.meta.url), { workerData: { scenario, ...more } });
}

/** Prints it and waits until the test says to go on. */
async function stopAt(place) {
  console.log(place);
  await lines.next();
}

const lines = isMainThread ? createInterface(process.stdin)[Symbol.asyncIterator]() : undefined;

const SCENARIOS = {
  /** Threads make a card each, use it and destroy it, several times over. */
  async threads() {
    const ends = await Promise.all([1, 2, 3, 4].map(() => once(worker('rounds'), 'exit')));
    console.log(ends.join());
  },
  async rounds() {
    const manager = await open();
    for (let round = 0; round < ROUNDS; round++) {
      const card = await newCard(manager);
      const key = await newKey(card);
      await sign(key);
      await sign(await card.key('Key'));
      await manager.destroy(card.instanceId);
    }
    await manager.close();
  },
  /** Threads sign with the same key of one card. */
  async shared() {
    const manager = await open();
    const card = await newCard(manager);
    await newKey(card);
    const { instanceId } = card;
    const threads = [1, 2, 3, 4].map(() => once(worker('signatures', { instanceId }), 'exit'));
    console.log((await Promise.all(threads)).join());
    await manager.close();
  },
  async signatures() {
    const manager = await open();
    const key = await (await manager.card(workerData.instanceId)).key('Key');
    for (let round = 0; round < ROUNDS; round++) await sign(key);
    await manager.close();
  },
  /** The process ends itself while a signature is under way. */
  async exit() {
    const key = await newKey(await newCard(await open()));
    await stopAt('ready');
    sign(key).catch(() => undefined);
    await stopAt('signing');
    process.exit(7);
  },
  /** A thread is ended while its signature is under way; the process goes on and signs again. */
  async terminate() {
    const manager = await open();
    const card = await newCard(manager);
    const key = await newKey(card);
    const thread = worker('begin', { instanceId: card.instanceId });
    await once(thread, 'message');
    await stopAt('ready');
    thread.postMessage('sign');
    await stopAt('signing');
    await thread.terminate();
    await sign(key);
    await manager.close();
    console.log('signed');
  },
  async begin() {
    const key = await (await (await open()).card(workerData.instanceId)).key('Key');
    parentPort.postMessage('ready');
    await once(parentPort, 'message');
    await sign(key);
  },
};

await SCENARIOS[isMainThread ? process.argv[2] : workerData.scenario]();
if (isMainThread) process.stdin.destroy();
