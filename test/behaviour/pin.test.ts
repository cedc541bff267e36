import { randomBytes, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { AdminKey, type VirtualSmartCard } from '../../lib/index.js';
import { expectError } from '../support/expect-error.js';
import {
  cardOptions,
  openManager,
  otherPin,
  randomPin,
  temporaryDirectory,
} from '../support/store.js';

/** Gives a wrong PIN that many times and expects each to be counted. */
async function fail(card: VirtualSmartCard, wrong: Buffer, times: number, from = 5) {
  for (let number = 1; number <= times; number++) {
    const error = await expectError(card.verifyPin(wrong), 'ERR_PIN_INCORRECT');
    expect(error.triesLeft).toBe(from - number);
  }
}

test('4 wrong, right, 4 wrong, right works', async () => {
  const manager = await openManager(await temporaryDirectory());
  const options = cardOptions();
  const { pin } = options;
  const card = await manager.create(options);
  for (let round = 0; round < 2; round++) {
    await fail(card, otherPin(pin), 4);
    expect(await card.pinTries()).toEqual({ left: 1, max: 5 });
    await card.verifyPin(pin);
    expect(await card.pinTries()).toEqual({ left: 5, max: 5 });
  }
});

test('5 wrong block, whatever path the right PIN then takes', async () => {
  const directory = await temporaryDirectory();
  const manager = await openManager(directory);
  const options = cardOptions();
  const { pin } = options;
  const card = await manager.create(options);
  const key = await card.createKey({ algorithm: 'EC-P256' }, { pin });
  await fail(card, otherPin(pin), 5);
  await expectError(card.verifyPin(pin), 'ERR_PIN_BLOCKED');
  await expectError(card.changePin(pin, randomPin()), 'ERR_PIN_BLOCKED');
  await expectError(key.sign('ECDSA-SHA256', 'data', { pin }), 'ERR_PIN_BLOCKED');
  expect(await card.pinTries()).toEqual({ left: 0, max: 5 });
  await manager.close();
  const again = await openManager(directory);
  await expectError((await again.card()).verifyPin(pin), 'ERR_PIN_BLOCKED');
});

test('a block ends the log-ins that others have', async () => {
  const directory = await temporaryDirectory();
  const manager = await openManager(directory);
  const other = await openManager(directory);
  const options = cardOptions();
  const { pin } = options;
  const card = await manager.create(options);
  const key = await card.createKey({ algorithm: 'EC-P256' }, { pin });
  await card.verifyPin(pin);
  await key.sign('ECDSA-SHA256', 'data');
  await fail(await other.card(), otherPin(pin), 5);
  const error = await key.sign('ECDSA-SHA256', 'data').catch((reason) => reason);
  expect(error.code).toMatch(/^ERR_PIN_(REQUIRED|BLOCKED)$/);
});

test('a card without PUK is unblocked by its admin key, its keys unharmed', async () => {
  const manager = await openManager(await temporaryDirectory());
  const adminKey = AdminKey.random();
  const options = cardOptions({ adminKey });
  const { pin } = options;
  const card = await manager.create(options);
  const key = await card.createKey({ algorithm: 'EC-P256' }, { pin });
  await fail(card, otherPin(pin), 5);
  const newPin = randomPin(10);
  await expectError(
    card.unblock({ adminKey: AdminKey.random(), newPin }),
    'ERR_ADMIN_KEY_INCORRECT',
  );
  await expectError(card.unblock({ puk: randomPin(), newPin }), 'ERR_PUK_NOT_SET');
  await expectError(card.unblock({ adminKey, newPin: '12345' }), 'ERR_PIN_POLICY');
  await card.unblock({ adminKey, newPin });
  await expectError(card.verifyPin(pin), 'ERR_PIN_INCORRECT');
  const data = randomBytes(9);
  const signature = await key.sign('ECDSA-SHA256', data, { pin: newPin });
  expect(verify('sha256', data, key.publicKey, signature)).toBe(true);
});

test('a card with PUK is unblocked by it alone; five wrong ones are final', async () => {
  const manager = await openManager(await temporaryDirectory());
  const adminKey = AdminKey.random();
  const puk = randomPin(12);
  const options = cardOptions({ adminKey, puk });
  const { pin } = options;
  const card = await manager.create(options);
  expect(await card.pukTries()).toEqual({ left: 5, max: 5 });
  const key = await card.createKey({ algorithm: 'EC-P256' }, { pin });
  await fail(card, otherPin(pin), 5);
  const newPin = randomPin(9);
  await expectError(card.unblock({ adminKey, newPin }), 'ERR_ADMIN_RESET_NOT_ALLOWED');
  const wrong = await expectError(
    card.unblock({ puk: otherPin(puk), newPin }),
    'ERR_PUK_INCORRECT',
  );
  expect(wrong.triesLeft).toBe(4);
  await card.unblock({ puk, newPin });
  expect(await card.pukTries()).toEqual({ left: 5, max: 5 });
  const data = randomBytes(9);
  const signature = await key.sign('ECDSA-SHA256', data, { pin: newPin });
  expect(verify('sha256', data, key.publicKey, signature)).toBe(true);
  await fail(card, otherPin(newPin), 5);
  for (let number = 1; number <= 5; number++) {
    await expectError(card.unblock({ puk: otherPin(puk), newPin }), 'ERR_PUK_INCORRECT');
  }
  await expectError(card.unblock({ puk, newPin }), 'ERR_PUK_BLOCKED');
  await expectError(card.unblock({ puk, newPin }), 'ERR_PUK_BLOCKED');
});

test('a changed PIN replaces the old one and ends every log-in', async () => {
  const directory = await temporaryDirectory();
  const manager = await openManager(directory);
  const options = cardOptions();
  const { pin } = options;
  const card = await manager.create(options);
  const key = await card.createKey({ algorithm: 'EC-P256' }, { pin });
  await card.verifyPin(pin);
  const newPin = randomPin(20);
  await expectError(card.changePin(otherPin(pin), newPin), 'ERR_PIN_INCORRECT');
  await expectError(card.changePin(pin, '12345'), 'ERR_PIN_POLICY');
  await card.changePin(pin, newPin);
  await expectError(key.sign('ECDSA-SHA256', 'data'), 'ERR_PIN_REQUIRED');
  await manager.close();
  const again = await (await openManager(directory)).card();
  await expectError(again.verifyPin(pin), 'ERR_PIN_INCORRECT');
  await again.verifyPin(newPin);
});

test("a new PIN whose characters break the card's policy is refused on every path", async () => {
  const manager = await openManager(await temporaryDirectory());
  const pinPolicy = { minLength: 4, uppercase: 'required', digits: 'disallowed' } as const;
  const [pin, badPin, adminKey, puk] = [
    Buffer.from('Open sesame'),
    Buffer.from('open sesame'),
    AdminKey.random(),
    randomPin(12),
  ];
  const byAdmin = await manager.create(cardOptions({ pin, pinPolicy, adminKey }));
  const byPuk = await manager.create(cardOptions({ pin, pinPolicy, puk }));
  await expectError(byAdmin.changePin(pin, badPin), 'ERR_PIN_POLICY');
  await expectError(byAdmin.unblock({ adminKey, newPin: 'Sesame 1' }), 'ERR_PIN_POLICY');
  await expectError(byPuk.unblock({ puk, newPin: badPin }), 'ERR_PIN_POLICY');
  for (const card of [byAdmin, byPuk]) {
    await expectError(card.verifyPin(badPin), 'ERR_PIN_INCORRECT');
    await card.verifyPin(pin);
  }
  await byAdmin.changePin(pin, 'Open, please');
  await byPuk.unblock({ puk, newPin: 'Open, please' });
  for (const card of [byAdmin, byPuk]) await card.verifyPin('Open, please');
});

test('the admin key is changed with the old one', async () => {
  const manager = await openManager(await temporaryDirectory());
  const adminKey = AdminKey.random();
  const options = cardOptions({ adminKey });
  const card = await manager.create(options);
  const next = AdminKey.random();
  await card.changeAdminKey(adminKey, next);
  await expectError(card.verifyAdminKey(adminKey), 'ERR_ADMIN_KEY_INCORRECT');
  await card.verifyAdminKey(next);
});

test('a PIN of bytes beyond ASCII and one with NULs work as they are', async () => {
  const manager = await openManager(await temporaryDirectory());
  const pin = Buffer.from([0, 255, 0, 128, 10, 13, 0, 0]);
  const card = await manager.create(cardOptions({ pin }));
  await card.verifyPin(pin);
  await expectError(
    card.verifyPin(Buffer.from([0, 255, 0, 128, 10, 13, 0, 1])),
    'ERR_PIN_INCORRECT',
  );
});
