import { verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { VirtualSmartCardError, type VirtualSmartCardKey } from '../../lib/index.js';
import { expectError } from '../support/expect-error.js';
import {
  cardOptions,
  openManager,
  otherPin,
  randomPin,
  temporaryDirectory,
} from '../support/store.js';

/** A card open on two managers, each with a PIN state of its own, and a key on it. */
async function sharedCard() {
  const directory = await temporaryDirectory();
  const [one, other] = [await openManager(directory), await openManager(directory)];
  const options = cardOptions();
  const card = await one.create(options);
  const key = await card.createKey({ algorithm: 'EC-P256' }, { pin: options.pin });
  return { directory, one, other, card, key, elsewhere: await other.card(), pin: options.pin };
}

/** Signs until it is refused. Every signature must be right; the refusal is given back. */
async function signUntilRefused(key: VirtualSmartCardKey): Promise<VirtualSmartCardError> {
  for (let number = 0; ; number++) {
    try {
      const signature = await key.sign('ECDSA-SHA256', String(number));
      expect(verify('sha256', Buffer.from(String(number)), key.publicKey, signature)).toBe(true);
    } catch (error) {
      if (error instanceof VirtualSmartCardError) return error;
      throw error;
    }
  }
}

test('a PIN changed while another connection signs ends its log-in, and nothing else', async () => {
  const { card, key, elsewhere, pin } = await sharedCard();
  await card.verifyPin(pin);
  const signing = [signUntilRefused(key), signUntilRefused(key), signUntilRefused(key)];
  const newPin = randomPin(11);
  await elsewhere.changePin(pin, newPin);
  for (const refusal of await Promise.all(signing)) expect(refusal.code).toBe('ERR_PIN_REQUIRED');
  await key.sign('ECDSA-SHA256', 'data', { pin: newPin });
  await expectError(key.sign('ECDSA-SHA256', 'data', { pin }), 'ERR_PIN_INCORRECT');
});

test('a card blocked while another connection signs stops signing', async () => {
  const { card, key, elsewhere, pin } = await sharedCard();
  await card.verifyPin(pin);
  const signing = signUntilRefused(key);
  const wrong = Array.from({ length: 5 }, () => elsewhere.verifyPin(otherPin(pin)));
  const outcomes = await Promise.allSettled(wrong);
  expect(outcomes.map(({ status }) => status)).toEqual(Array(5).fill('rejected'));
  expect((await signing).code).toBe('ERR_PIN_REQUIRED');
  await expectError(key.sign('ECDSA-SHA256', 'data', { pin }), 'ERR_PIN_BLOCKED');
});

test('wrong PINs tried at once on ten connections count like those tried one by one', async () => {
  const { one, pin } = await sharedCard();
  const cards = await Promise.all(Array.from({ length: 10 }, () => one.card()));
  const outcomes = await Promise.allSettled(cards.map((card) => card.verifyPin(otherPin(pin))));
  const codes = outcomes.map((outcome) =>
    outcome.status === 'rejected' ? outcome.reason.code : 'verified',
  );
  expect(codes).toEqual([
    ...Array(5).fill('ERR_PIN_INCORRECT'),
    ...Array(5).fill('ERR_PIN_BLOCKED'),
  ]);
  await expectError((await one.card()).verifyPin(pin), 'ERR_PIN_BLOCKED');
});

test.each([
  [9, 9],
  [20, 8],
  [8, 20],
])('of two PIN changes at once (%i and %i digits) the first wins whole', async (first, second) => {
  const { card, elsewhere, pin } = await sharedCard();
  const pins = [randomPin(first), randomPin(second)] as const;
  const outcomes = await Promise.allSettled([
    card.changePin(pin, pins[0]),
    elsewhere.changePin(pin, pins[1]),
  ]);
  expect(outcomes).toMatchObject([
    { status: 'fulfilled' },
    { status: 'rejected', reason: { code: 'ERR_PIN_INCORRECT', triesLeft: 4 } },
  ]);
  await card.verifyPin(pins[0]);
  await expectError(card.verifyPin(pins[1]), 'ERR_PIN_INCORRECT');
});

test('a card destroyed under use refuses every call, and its old objects never reach a new card', async () => {
  const { one, other, card, key, elsewhere, pin } = await sharedCard();
  await card.verifyPin(pin);
  const signing = signUntilRefused(key);
  await other.destroy(card.instanceId);
  expect((await signing).code).toMatch(/^ERR_(PIN_REQUIRED|CARD_NOT_FOUND|CLOSED)$/);
  const refused = await key.sign('ECDSA-SHA256', 'data', { pin }).catch((reason) => reason);
  expect(refused.code).toMatch(/^ERR_(CARD_NOT_FOUND|CLOSED)$/);
  const fresh = cardOptions({ pin });
  const next = await one.create(fresh);
  expect(next.instanceId).toBe(card.instanceId);
  for (const old of [card, elsewhere]) {
    const error = await old.verifyPin(pin).catch((reason) => reason);
    expect(error.code).toMatch(/^ERR_(CARD_NOT_FOUND|CLOSED)$/);
  }
  await next.verifyPin(pin);
});

test('an aborted call leaves nobody logged in, and no half-made card', async () => {
  const { one, card, key, pin } = await sharedCard();
  const abort = new AbortController();
  const signing = key.sign('ECDSA-SHA256', 'data', { pin, signal: abort.signal });
  abort.abort();
  await signing.catch((error) => expect(error.code).toBe('ERR_ABORTED'));
  await expectError(key.sign('ECDSA-SHA256', 'data'), 'ERR_PIN_REQUIRED');
  expect(await card.pinTries()).toEqual({ left: 5, max: 5 });

  for (const status of ['VTPMSMARTCARD_CREATING', 'VREADER_CREATING', 'CARD_CREATED']) {
    const aborting = new AbortController();
    const making = one.create(
      cardOptions({
        signal: aborting.signal,
        onProgress: ({ name }: { name: string }) => {
          if (name === status) aborting.abort();
        },
      }),
    );
    if (status === 'CARD_CREATED') await one.destroy((await making).instanceId);
    else await expectError(making, 'ERR_ABORTED');
    expect(await one.list()).toHaveLength(1);
  }
});
