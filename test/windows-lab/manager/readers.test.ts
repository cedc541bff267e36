import { expect, test } from 'vitest';
import type { CardEvent } from '../../../lib/backend/backend.js';
import { expectError } from '../../support/expect-error.js';
import { Lab } from '../support/lab.js';
import { openBackend, request } from './support/backend.js';

test('lists cards with name, instance id and reader', async () => {
  const lab = await Lab.fresh();
  const backend = await openBackend();
  expect(await backend.list()).toEqual([]);
  await backend.create(request({ name: 'Käse 🧀' }));
  await backend.create(request({ name: 'Second' }));
  const real = await lab.cards();
  const listed = await backend.list();
  expect(
    listed.map(({ instanceId, name, readerName }) => ({ instanceId, name, readerName })),
  ).toEqual(real.map(({ instanceId, name, readerName }) => ({ instanceId, name, readerName })));
  expect(listed[0]?.atr).toBe('3b8d0180fba000000397425446590401cf');
  expect(listed[0]).toMatchObject({ tpm: 'hardware', antiHammering: 'block', state: 'ready' });
});

test('a physical reader is none of ours', async () => {
  const lab = await Lab.fresh();
  const backend = await openBackend();
  await lab.request('configure', { physicalReader: true });
  expect(await backend.list()).toEqual([]);
  await backend.create(request());
  expect(await backend.list()).toHaveLength(1);
});

test('a reader that shows late is waited for', async () => {
  const lab = await Lab.fresh();
  const backend = await openBackend();
  await lab.script('CreateVirtualSmartCard', { readerLagMs: 700 });
  const instanceId = await backend.create(request());
  const connection = await backend.connect(instanceId);
  expect(await connection.info()).toMatchObject({ instanceId, name: 'Lab card', state: 'ready' });
});

test('a card that is not there is said at once', async () => {
  await Lab.fresh();
  const backend = await openBackend();
  const began = process.hrtime.bigint();
  await expectError(backend.connect('ROOT\\SMARTCARDREADER\\0009'), 'ERR_CARD_NOT_FOUND');
  expect(process.hrtime.bigint()).toBeGreaterThan(began);
});

test('cards that come and go are told, in order, until the watch is closed', async () => {
  await Lab.fresh();
  const backend = await openBackend();
  const before = await backend.create(request({ name: 'Before' }));
  const watch = await backend.watch?.();
  if (!watch) throw new Error('the windows backend has no watch');
  const events: CardEvent[] = [];
  const next = async () => {
    const { value } = await watch.next();
    events.push(value);
  };
  const id = await backend.create(request({ name: 'New' }));
  await next();
  await backend.destroy(before, {});
  await next();
  await backend.destroy(id, {});
  await next();
  expect(events).toEqual([
    { type: 'added', instanceId: id, name: 'New' },
    { type: 'removed', instanceId: before, name: 'Before' },
    { type: 'removed', instanceId: id, name: 'New' },
  ]);
  const waiting = watch.next();
  await watch.close();
  expect(await waiting).toEqual({ value: undefined, done: true });
  await backend.create(request());
  expect(await watch.next()).toEqual({ value: undefined, done: true });
});
