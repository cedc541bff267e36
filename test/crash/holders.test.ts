import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { CrashChild } from '../support/crash-child.js';
import { makeKnownCard, withManager } from '../support/crash-store.js';
import { expectError } from '../support/expect-error.js';
import { openManager, temporaryDirectory } from '../support/store.js';

/** A process that has the store open until it is killed. */
async function holder(stateDirectory: string): Promise<{ child: CrashChild; pid: number }> {
  const child = new CrashChild({ stateDirectory, tpm: 'libtpms', operation: 'nothing' });
  onTestFinished(async () => void (await child.kill()));
  const began = await child.next('begin', 'failed');
  if (began?.event !== 'begin') throw new Error(JSON.stringify(began));
  await child.next('done');
  return { child, pid: began.pid };
}

test('a second process is told who holds the store; when the holder is killed, it opens', async () => {
  const root = await temporaryDirectory();
  const known = await withManager(root, (manager) => makeKnownCard(manager));
  const { child, pid } = await holder(root);
  for (let attempt = 0; attempt < 2; attempt++) {
    const error = await expectError(openManager(root), 'ERR_STATE_IN_USE');
    expect(error.holderPid).toBe(pid);
    expect(error.message).toContain(String(pid));
  }
  await child.kill();
  const manager = await openManager(root);
  const card = await manager.card(known.instanceId);
  await card.verifyPin(known.pin);
});

test('a process is refused the store that this one holds, and harms nothing', async () => {
  const root = await temporaryDirectory();
  const manager = await openManager(root);
  const known = await makeKnownCard(manager);
  const child = new CrashChild({ stateDirectory: root, tpm: 'libtpms', operation: 'nothing' });
  const refused = await child.next('failed', 'begin');
  await child.kill();
  expect(refused).toMatchObject({ code: 'ERR_STATE_IN_USE', holderPid: process.pid });
  // Nor does its end take the lock away from the holder.
  const again = new CrashChild({ stateDirectory: root, tpm: 'libtpms', operation: 'nothing' });
  expect(await again.next('failed', 'begin')).toMatchObject({ code: 'ERR_STATE_IN_USE' });
  await again.kill();
  const card = await manager.card(known.instanceId);
  await card.verifyPin(known.pin);
});

/** What a thread said about opening a store. */
interface ThreadMessage {
  opened?: true;
  closed?: true;
  code?: string;
  holderPid?: number;
  message?: string;
}

/** A thread of this process that opens a store. */
class StoreThread {
  readonly #worker: Worker;

  constructor(stateDirectory: string) {
    const file = new URL('../support/crash-thread.mjs', import.meta.url);
    this.#worker = new Worker(file, { workerData: { stateDirectory } });
    onTestFinished(async () => void (await this.#worker.terminate()));
  }

  async message(): Promise<ThreadMessage> {
    const [message] = (await once(this.#worker, 'message')) as [ThreadMessage];
    return message;
  }

  async close(): Promise<void> {
    const exit = once(this.#worker, 'exit');
    const said = this.message();
    this.#worker.postMessage('close');
    expect(await said).toEqual({ closed: true });
    expect(await exit).toEqual([0]);
  }

  /** Ends the thread where it is, its store open. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }
}

test('threads: the software TPM is one per process, a store has one holder', async () => {
  const [root, other] = [await temporaryDirectory(), await temporaryDirectory()];
  const first = new StoreThread(root);
  expect(await first.message()).toEqual({ opened: true, cards: 0 });

  const busy = await new StoreThread(other).message();
  expect(busy.code, busy.message).toBe('ERR_TPM_BUSY');
  const inUse = await new StoreThread(root).message();
  expect(inUse.code, inUse.message).toBe('ERR_STATE_IN_USE');
  expect(inUse.holderPid).toBe(process.pid);
  // The main thread is one more thread, with a second copy of the library.
  await expectError(openManager(other), 'ERR_TPM_BUSY');
  const mine = await expectError(openManager(root), 'ERR_STATE_IN_USE');
  expect(mine.holderPid).toBe(process.pid);

  await first.close();
  const second = new StoreThread(other);
  expect(await second.message()).toMatchObject({ opened: true });
  await second.close();
});

test('a thread that is terminated leaves store and TPM to the next', async () => {
  const root = await temporaryDirectory();
  const known = await withManager(root, (manager) => makeKnownCard(manager));
  for (let round = 0; round < 3; round++) {
    const thread = new StoreThread(root);
    expect(await thread.message()).toEqual({ opened: true, cards: 1 });
    await thread.terminate();
  }
  const manager = await openManager(root);
  const card = await manager.card(known.instanceId);
  await card.verifyPin(known.pin);
});

test('threads that all want one store: one gets it, the others are refused', async () => {
  const root = await temporaryDirectory();
  const threads = Array.from({ length: 4 }, () => new StoreThread(root));
  const messages = await Promise.all(threads.map((thread) => thread.message()));
  expect(messages.filter(({ opened }) => opened)).toHaveLength(1);
  const refused = messages.filter(({ opened }) => !opened);
  expect(refused.map(({ code }) => code)).toEqual(refused.map(() => 'ERR_STATE_IN_USE'));
  expect(refused.map(({ holderPid }) => holderPid)).toEqual(refused.map(() => process.pid));
});
