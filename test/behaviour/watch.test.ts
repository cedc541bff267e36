import { expect, test } from 'vitest';
import { cardOptions, openManager, temporaryDirectory } from '../support/store.js';

test('a watch tells of cards that come and go, whichever manager makes them', async () => {
  const directory = await temporaryDirectory();
  const watching = await openManager(directory);
  const making = await openManager(directory);
  const before = await making.create(cardOptions({ name: 'Before' }));
  const watch = await watching.watch();
  const one = await making.create(cardOptions({ name: 'One' }));
  const first = watch.next();
  await making.destroy(before.instanceId);
  await watching.destroy(one.instanceId);
  expect([await first, await watch.next(), await watch.next()].map(({ value }) => value)).toEqual([
    { type: 'added', instanceId: one.instanceId, name: 'One' },
    { type: 'removed', instanceId: before.instanceId, name: 'Before' },
    { type: 'removed', instanceId: one.instanceId, name: 'One' },
  ]);
  const waiting = watch.next();
  await watch.close();
  expect(await waiting).toEqual({ value: undefined, done: true });
});

test('closing the manager ends its watches, and a failed create is no event', async () => {
  const directory = await temporaryDirectory();
  const watching = await openManager(directory);
  const making = await openManager(directory);
  const watch = await watching.watch();
  const failure = new Error('stop');
  const onProgress = () => {
    throw failure;
  };
  await expect(making.create(cardOptions({ onProgress }))).rejects.toBe(failure);
  const waiting = watch.next();
  await watching.close();
  expect(await waiting).toEqual({ value: undefined, done: true });
  const events = [];
  for await (const event of watch) events.push(event);
  expect(events).toEqual([]);
});
