import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Backend } from '../../../lib/backend/backend.js';
import { expectError } from '../../support/expect-error.js';
import { Lab } from '../support/lab.js';
import { CREATED, openBackend, request, until } from './support/backend.js';

/** A request that is aborted when it reports `stage`. */
function abortedAt(stage: number, reason: Error, seen: number[] = []) {
  const controller = new AbortController();
  return request({
    signal: controller.signal,
    onProgress: ({ code }) => {
      seen.push(code);
      if (code === stage) controller.abort(reason);
    },
  });
}

test('an abort at every stage stops at that stage and leaves no card', async () => {
  const lab = await Lab.fresh();
  const backend = await openBackend();
  for (const [position, stage] of CREATED.entries()) {
    const reason = new Error('enough');
    const seen: number[] = [];
    const error = await expectError(backend.create(abortedAt(stage, reason, seen)), 'ERR_ABORTED');
    expect(error.cause).toBe(reason);
    expect(seen).toEqual(CREATED.slice(0, position + 1));
    expect(await lab.cards(), `stage ${stage}`).toEqual([]);
  }
});

test('an abort that no progress was asked for stops the call at its next stage', async () => {
  const lab = await Lab.fresh();
  const backend = await openBackend();
  await lab.script('CreateVirtualSmartCard', { stepMs: 200 });
  const controller = new AbortController();
  const creating = backend.create(request({ signal: controller.signal }));
  await until(async () => (await lab.recorded()).length === 1, 'a call');
  controller.abort();
  await expectError(creating, 'ERR_ABORTED');
  expect(await lab.cards()).toEqual([]);
  // The manager itself took it back: there was none to destroy.
  expect(await lab.recorded()).toHaveLength(1);
});

test('what the server leaves after an abort is found and destroyed', async () => {
  const lab = await Lab.fresh();
  const backend = await openBackend();
  await backend.create(request());
  await lab.script('CreateVirtualSmartCard', { keepOnAbort: true });
  await expectError(backend.create(abortedAt(9, new Error('enough'))), 'ERR_ABORTED');
  expect(await lab.cards()).toMatchObject([{ instanceId: 'ROOT\\SMARTCARDREADER\\0000' }]);
  const [, , destroy] = await lab.recorded();
  expect(destroy?.arguments).toMatchObject({ instanceId: 'ROOT\\SMARTCARDREADER\\0001' });
});

test('an abort before the call makes no call', async () => {
  const lab = await Lab.fresh();
  const backend = await openBackend();
  await expectError(backend.create(request({ signal: AbortSignal.abort() })), 'ERR_ABORTED');
  expect(await lab.recorded()).toEqual([]);
});

test('an abort of destroy at its first stage keeps the card', async () => {
  const lab = await Lab.fresh();
  const backend = await openBackend();
  const id = await backend.create(request());
  const controller = new AbortController();
  const destroying = backend.destroy(id, {
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  await expectError(destroying, 'ERR_ABORTED');
  expect(await lab.cards()).toHaveLength(1);
});

test('a create that is late is given up and stopped', async () => {
  const lab = await Lab.fresh();
  const backend = await openBackend({ limits: { create: 500 } });
  await lab.script('CreateVirtualSmartCard', { delayMs: 1500 });
  const error = await expectError(backend.create(request()), 'ERR_TIMEOUT');
  expect(error.message).toContain('500 ms');
  await delay(2000);
  expect(await lab.cards()).toEqual([]);
  // The next call works, whose server may have to be started first.
  const patient = await openBackend();
  await patient.destroy(await patient.create(request()), {});
});

/** Aborts a create in the pause after its last stage, and leaves it to itself. */
async function abandonAtTheEnd(backend: Backend, lab: Lab): Promise<void> {
  await lab.script('CreateVirtualSmartCard', { stepMs: 600 });
  const controller = new AbortController();
  const creating = backend.create(
    request({
      generate: false,
      signal: controller.signal,
      onProgress: ({ code }) => {
        if (code === 12) setTimeout(() => controller.abort(), 100);
      },
    }),
  );
  const error = await expectError(creating, 'ERR_ABORTED');
  expect(error.message).toContain('not come back');
}

/** The next warning of a late card. */
function lateCardWarning(): Promise<string> {
  return new Promise((resolve) => {
    process.once('warning', (warning) => resolve(warning.message));
  });
}

test('a card that is made for nobody is destroyed when it turns up', async () => {
  const lab = await Lab.fresh();
  const backend = await openBackend({ limits: { grace: 100 } });
  const warned = lateCardWarning();
  await abandonAtTheEnd(backend, lab);
  expect(await warned).toContain('ROOT\\SMARTCARDREADER\\0000; it was destroyed again');
  expect(await lab.cards()).toEqual([]);
});

test('a card that is made for nobody and cannot be destroyed is reported', async () => {
  const lab = await Lab.fresh();
  const backend = await openBackend({ limits: { grace: 100 } });
  await lab.script('DestroyVirtualSmartCard', { result: 0x80004005 });
  const warned = lateCardWarning();
  await abandonAtTheEnd(backend, lab);
  expect(await warned).toContain('could not be destroyed');
  expect(await lab.cards()).toHaveLength(1);
});

test('a call that never returns is given up after an abort and its grace', async () => {
  const lab = await Lab.fresh();
  const backend = await openBackend({ limits: { grace: 300 } });
  await lab.script('CreateVirtualSmartCard', { hang: true });
  const controller = new AbortController();
  const creating = backend.create(request({ signal: controller.signal }));
  setTimeout(() => controller.abort(), 300);
  const error = await expectError(creating, 'ERR_ABORTED');
  expect(error.message).toContain('not come back');
  const id = await backend.create(request());
  expect(await lab.cards()).toMatchObject([{ instanceId: id }]);
});

test('a late callback finds nobody', async () => {
  const lab = await Lab.fresh();
  const backend = await openBackend();
  const seen: number[] = [];
  await lab.script('CreateVirtualSmartCard', { lateCallback: 9 });
  await backend.create(request({ onProgress: ({ code }) => seen.push(code) }));
  await delay(800);
  expect(seen).toEqual(CREATED);
  expect(await backend.list()).toHaveLength(1);
});
