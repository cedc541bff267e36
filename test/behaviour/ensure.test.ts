import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { AdminKey, type AdminKeyRecord } from '../../lib/index.js';
import { expectError } from '../support/expect-error.js';
import { cardOptions, openManager, randomPin, temporaryDirectory } from '../support/store.js';

test('ensure makes a card once, and finds it ever after', async () => {
  const directory = await temporaryDirectory();
  const manager = await openManager(directory);
  const options = cardOptions();
  const made = await manager.ensure(options);
  expect(made.created).toBe(true);
  const { instanceId } = made.card;
  const { cardId } = await made.card.info();
  await manager.close();
  const again = await openManager(directory);
  const byName = await again.ensure({ ...options, pin: randomPin() });
  expect([byName.created, byName.card.instanceId]).toEqual([false, instanceId]);
  await byName.card.verifyPin(options.pin);
  const byId = await again.ensure({ ...options, name: 'Another', cardId: cardId?.toUpperCase() });
  expect([byId.created, byId.card.name]).toEqual([false, options.name]);
  expect(await again.list()).toHaveLength(1);
});

test('calls at once make one card', async () => {
  const directory = await temporaryDirectory();
  const managers = [await openManager(directory), await openManager(directory)];
  const options = cardOptions();
  let stored = 0;
  const escrow = async () => {
    stored += 1;
  };
  const calls = [0, 1, 0, 1].map((at) => managers[at]?.ensure({ ...options, escrow }));
  const outcomes = await Promise.all(calls);
  expect(outcomes.filter((each) => each?.created)).toHaveLength(1);
  expect(new Set(outcomes.map((each) => each?.card.instanceId)).size).toBe(1);
  expect(await managers[0]?.list()).toHaveLength(1);
  expect(stored).toBe(1);
});

test('ensure hands out no card that is another one', async () => {
  const manager = await openManager(await temporaryDirectory());
  const options = cardOptions();
  const { name } = options;
  const first = await manager.create(options);
  const cardId = randomUUID();
  await expectError(manager.ensure({ ...options, cardId }), 'ERR_CARD_NOT_FOUND');
  const second = await manager.create(cardOptions({ name }));
  const ambiguous = await expectError(manager.ensure(options), 'ERR_CARD_AMBIGUOUS');
  expect(ambiguous.instanceIds).toEqual([first.instanceId, second.instanceId]);
  const meant = await manager.ensure({ ...options, cardId: (await second.info()).cardId });
  expect(meant.card.instanceId).toBe(second.instanceId);
  await expectError(
    manager.ensure({ ...options, name: name.toLowerCase(), cardId: 'x' }),
    'ERR_INVALID_ARGUMENT',
    { parameter: 'cardId' },
  );
  expect(await manager.list()).toHaveLength(2);
});

test('ensure says in what a card differs from what was asked for', async () => {
  const manager = await openManager(await temporaryDirectory());
  const options = cardOptions();
  await manager.create(options);
  const differing = { ...options, puk: randomPin(9) };
  await expectError(manager.ensure(differing), 'ERR_CARD_DIFFERS', { parameter: 'puk' });
  const blank = await manager.create(cardOptions({ generate: false }));
  const { name } = blank;
  await expectError(manager.ensure({ ...options, name }), 'ERR_CARD_NOT_INITIALIZED');
  const same = await manager.ensure({ ...options, name, generate: false });
  expect([same.created, same.card.instanceId]).toEqual([false, blank.instanceId]);
});

test('ensure goes on where a call before was cut short: the next admin key', async () => {
  const manager = await openManager(await temporaryDirectory());
  const options = cardOptions();
  const { adminKey } = options;
  const card = await manager.create(options);
  const nextAdminKey = AdminKey.random();
  const stored: string[] = [];
  const escrow = ({ kcv }: AdminKeyRecord) => {
    stored.push(kcv);
  };
  const wanted = { ...options, escrow, nextAdminKey };
  for (let round = 0; round < 2; round += 1) {
    expect((await manager.ensure(wanted)).created).toBe(false);
    expect(stored).toEqual([nextAdminKey.kcv]);
  }
  await card.verifyAdminKey(nextAdminKey);
  await expectError(card.verifyAdminKey(adminKey), 'ERR_ADMIN_KEY_INCORRECT');
  const neither = { ...wanted, nextAdminKey: AdminKey.random() };
  await expectError(manager.ensure(neither), 'ERR_ADMIN_KEY_INCORRECT');
  const { adminKey: _none, ...unknown } = neither;
  await expectError(manager.ensure(unknown), 'ERR_ADMIN_KEY_INCORRECT');
});
