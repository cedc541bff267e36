import { afterAll, beforeAll, expect, test } from 'vitest';
import { AdminKey, type VirtualSmartCard } from '../../lib/index.js';
import { expectError } from '../support/expect-error.js';
import { CardUnderTest, unless } from './card-under-test.js';

let gids: CardUnderTest;
let card: VirtualSmartCard;
let pin: string;
let max: number;

beforeAll(async () => {
  gids = await CardUnderTest.open();
  ({ pin } = gids);
  card = await gids.card();
  ({ max } = await card.pinTries());
});

afterAll(() => gids?.close());

/** Another one of the same length. */
function other(secret: string): string {
  return secret.slice(0, -1) + (secret.endsWith('1') ? '2' : '1');
}

test('a wrong PIN counts, a right one starts again', async () => {
  await expectError(card.verifyPin(other(pin)), 'ERR_PIN_INCORRECT', { triesLeft: max - 1 });
  expect(await card.pinTries()).toEqual({ left: max - 1, max });
  await expectError(card.changePin(other(pin), pin), 'ERR_PIN_INCORRECT', { triesLeft: max - 2 });
  await card.verifyPin(pin);
  expect(await card.pinTries()).toEqual({ left: max, max });
  await card.logout();
});

test('the PIN is changed and changed back; OpenSC takes the new one', async () => {
  const newPin = other(pin);
  await card.changePin(pin, newPin);
  await expectError(card.verifyPin(pin), 'ERR_PIN_INCORRECT');
  const verify = ['--verify-pin', '--auth-id', '80', '--pin'];
  await gids.openSc('pkcs15-tool', ...verify, newPin);
  const change = ['--change-pin', '--auth-id', '80', '--pin', newPin, '--new-pin', pin];
  await gids.openSc('pkcs15-tool', ...change);
  await card.verifyPin(pin);
  await card.logout();
});

test('a very long PIN is taken, or said to break the policy, and costs no try', async () => {
  const longPin = '1'.repeat(120);
  const change = card.changePin(pin, longPin).then(() => true);
  const isChanged = await unless(['ERR_PIN_POLICY'], change);
  if (isChanged) await card.changePin(longPin, pin);
  expect(await card.pinTries()).toEqual({ left: max, max });
  await card.verifyPin(pin);
  await card.logout();
});

test('a blocked PIN is unblocked by the admin key, and by no other', async () => {
  try {
    for (let left = max - 1; left >= 0; left--) {
      await expectError(card.verifyPin(other(pin)), 'ERR_PIN_INCORRECT', { triesLeft: left });
    }
    await expectError(card.verifyPin(pin), 'ERR_PIN_BLOCKED');
    expect((await gids.manager.info(gids.reader)).pinTriesLeft).toBe(0);
    const wrong = { adminKey: AdminKey.random(), newPin: pin };
    await expectError(card.unblock(wrong), 'ERR_ADMIN_KEY_INCORRECT');
  } finally {
    await card.unblock({ adminKey: gids.adminKey, newPin: pin });
  }
  await card.verifyPin(pin);
  await card.logout();
  expect(await card.pinTries()).toEqual({ left: max, max });
});

test('a card without a PUK says so', async () => {
  // One with a PUK has a limit of tries at it that nothing resets: it is left alone.
  const puk = await card.pukTries();
  if (puk) return expect(puk.left).toBeLessThanOrEqual(puk.max);
  await expectError(card.unblock({ puk: '12345678', newPin: pin }), 'ERR_PUK_NOT_SET');
});

test('the admin key is changed and changed back', async () => {
  const next = AdminKey.random();
  await card.changeAdminKey(gids.adminKey, next);
  try {
    await expectError(card.verifyAdminKey(gids.adminKey), 'ERR_ADMIN_KEY_INCORRECT');
  } finally {
    await card.changeAdminKey(next, gids.adminKey);
  }
  await card.verifyAdminKey(gids.adminKey);
});

test('another program ends the log-in by a reset: it is said that the PIN is wanted', async () => {
  await card.verifyPin(pin);
  await gids.openSc('opensc-tool', '--reset');
  await expectError(card.createKey({ algorithm: 'RSA-2048' }), 'ERR_PIN_REQUIRED');
});
