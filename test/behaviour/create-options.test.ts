import { expect, test } from 'vitest';
import { AdminKey } from '../../lib/index.js';
import { expectError } from '../support/expect-error.js';
import { cardOptions, openManager, randomPin, temporaryDirectory } from '../support/store.js';

test('a card has every option that it was created with', async () => {
  const manager = await openManager(await temporaryDirectory());
  const name = `Zürich, 東京, 𝄞 ${'x'.repeat(200)}`;
  const pin = 'Pin-of-8';
  const puk = randomPin(127);
  const adminKey = AdminKey.fromHex('0123456789ABCDEF23456789ABCDEF01456789ABCDEF0123');
  const card = await manager.create({
    ...{ name, pin, puk, adminKey, generate: true },
    pinPolicy: {
      ...{ minLength: 5, maxLength: 9, uppercase: 'required', lowercase: 'required' },
      ...{ digits: 'required', specialCharacters: 'required', otherCharacters: 'disallowed' },
    },
  });
  expect(card.name).toBe(name);
  expect(await card.info()).toMatchObject({
    ...{ name, state: 'ready', hasPuk: true, pinTriesLeft: 5, pukTriesLeft: 5 },
    cardId: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
  });
  await card.verifyPin(pin);
  await card.verifyAdminKey(adminKey);
  await card.unblock({ puk, newPin: 'New-pin8' });
  for (const newPin of ['Aa-1', 'Aa-1234567', 'aa-12', 'AA-12', 'Aa-bc', 'Aab12', 'Aa-1ü']) {
    await expectError(card.changePin('New-pin8', newPin), 'ERR_PIN_POLICY');
  }
  await card.changePin('New-pin8', 'Aa-12');
  await card.verifyPin('Aa-12');
});

test('a card without its files is blank, and says so', async () => {
  const manager = await openManager(await temporaryDirectory());
  const { pin, ...options } = cardOptions({ generate: false });
  const card = await manager.create({ ...options, pin });
  expect(await card.info()).toMatchObject({ state: 'blank', cardId: undefined });
  await expectError(card.containers(), 'ERR_CARD_NOT_INITIALIZED');
  await expectError(card.createKey({ algorithm: 'EC-P256' }, { pin }), 'ERR_CARD_NOT_INITIALIZED');
  await manager.destroy(card.instanceId);
  expect(await manager.list()).toEqual([]);
});

test('PIN and PUK are as short and as long as Windows lets them be', async () => {
  const manager = await openManager(await temporaryDirectory());
  const shortest = randomPin(4);
  const longest = randomPin(127);
  const short = await manager.create(
    cardOptions({ pin: shortest, puk: randomPin(8), pinPolicy: { minLength: 4 } }),
  );
  const long = await manager.create(cardOptions({ pin: longest, puk: randomPin(127) }));
  await short.verifyPin(shortest);
  await long.verifyPin(longest);
  await expectError(manager.create(cardOptions({ pin: randomPin(7) })), 'ERR_PIN_POLICY');
  await expectError(manager.create(cardOptions({ pin: randomPin(128) })), 'ERR_PIN_POLICY');
  await expectError(manager.create(cardOptions({ puk: randomPin(7) })), 'ERR_INVALID_ARGUMENT');
  expect(await manager.list()).toHaveLength(2);
});
