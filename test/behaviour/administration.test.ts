import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import {
  AdminKey,
  type AdminKeyRecord,
  formatAdminChallenge,
  formatAdminResponse,
  parseAdminChallenge,
  parseAdminResponse,
} from '../../lib/index.js';
import { expectError } from '../support/expect-error.js';
import { cardOptions, openManager, randomPin, temporaryDirectory } from '../support/store.js';

/** What a hook was told, with the key as it was then. */
type Stored = Omit<AdminKeyRecord, 'adminKey' | 'signal'> & { hex: string };

function escrowTo(stored: Stored[]) {
  return async ({ adminKey, signal: _signal, ...about }: AdminKeyRecord) => {
    await delay(10);
    stored.push({ ...about, hex: adminKey.exportHex() });
  };
}

test('a card is made with a random key that was stored, and has the derived one at once', async () => {
  const directory = await temporaryDirectory();
  const manager = await openManager(directory);
  const masterKey = randomBytes(32);
  const stored: Stored[] = [];
  const { adminKey: _none, ...options } = cardOptions();
  const card = await manager.create({
    ...options,
    escrow: escrowTo(stored),
    nextAdminKey: { masterKey },
  });
  const { instanceId, name } = card;
  const { cardId } = await card.info();
  const derived = AdminKey.derive(masterKey, cardId ?? '');
  expect(stored).toEqual([
    {
      ...{ name, instanceId: undefined, cardId: undefined, diversifier: undefined },
      ...{ hex: expect.any(String), kcv: expect.any(String) },
    },
    {
      ...{ name, instanceId, cardId, diversifier: cardId },
      ...{ hex: derived.exportHex(), kcv: derived.kcv },
    },
  ]);
  const first = AdminKey.fromHex(stored[0]?.hex ?? '');
  expect(stored[0]?.kcv).toBe(first.kcv);
  await expectError(card.verifyAdminKey(first), 'ERR_ADMIN_KEY_INCORRECT');
  await manager.close();
  const again = await (await openManager(directory)).card();
  const newPin = randomPin();
  await again.unblock({ adminKey: derived, newPin });
  await again.verifyPin(newPin);
});

test('no card is made when its key cannot be stored', async () => {
  const manager = await openManager(await temporaryDirectory());
  const failure = new Error('the vault is closed');
  const escrow = () => Promise.reject(failure);
  await expect(manager.create({ ...cardOptions(), escrow })).rejects.toBe(failure);
  expect(await manager.list()).toEqual([]);
});

test('a card whose next key cannot be stored is destroyed again', async () => {
  const manager = await openManager(await temporaryDirectory());
  const failure = new Error('the vault is full');
  const escrow = ({ instanceId }: AdminKeyRecord) => {
    if (instanceId) throw failure;
  };
  const nextAdminKey = AdminKey.random();
  await expect(manager.create({ ...cardOptions(), escrow, nextAdminKey })).rejects.toBe(failure);
  expect(await manager.list()).toEqual([]);
});

test('the admin key is changed when the next one was stored, and not when it was not', async () => {
  const directory = await temporaryDirectory();
  const manager = await openManager(directory);
  const adminKey = AdminKey.random();
  const card = await manager.create(cardOptions({ adminKey }));
  const [next, stored]: [AdminKey, Stored[]] = [AdminKey.random(), []];
  const failure = new Error('the vault is closed');
  const refusing = () => Promise.reject(failure);
  await expect(card.changeAdminKey(adminKey, next, { escrow: refusing })).rejects.toBe(failure);
  await card.verifyAdminKey(adminKey);
  await card.changeAdminKey(adminKey, next, { escrow: escrowTo(stored) });
  expect(stored.map(({ hex, instanceId }) => [hex, instanceId])).toEqual([
    [next.exportHex(), card.instanceId],
  ]);
  await expectError(card.changeAdminKey(adminKey, AdminKey.random()), 'ERR_ADMIN_KEY_INCORRECT');
  const masterKey = randomBytes(32);
  const diversifier = 'laptop-4711/2';
  // The holder of the key in force is elsewhere, and the next one is derived.
  await card.changeAdminKey((challenge) => next.respond(challenge), { masterKey, diversifier });
  await manager.close();
  const again = await (await openManager(directory)).card();
  await expectError(again.verifyAdminKey(next), 'ERR_ADMIN_KEY_INCORRECT');
  await again.verifyAdminKey(AdminKey.derive(masterKey, diversifier));
});

test('a help desk answers late, by text, while another connection uses the card', async () => {
  const directory = await temporaryDirectory();
  const manager = await openManager(directory);
  const other = await openManager(directory);
  const adminKey = AdminKey.random();
  const options = cardOptions({ adminKey });
  const card = await manager.create(options);
  const used = await other.card(card.instanceId);
  const challenges: string[] = [];
  const respond = async (challenge: Uint8Array) => {
    const shown = formatAdminChallenge(challenge);
    challenges.push(shown);
    // Longer than the card is held for it. Only the first time: somebody may end the challenge.
    if (challenges.length === 1) {
      await delay(2500);
      await used.verifyPin(options.pin);
      await used.createKey({ container: 'meanwhile', algorithm: 'EC-P256' });
      await used.logout();
    }
    return parseAdminResponse(formatAdminResponse(adminKey.respond(parseAdminChallenge(shown))));
  };
  const newPin = randomPin(10);
  await card.unblock({ adminKey: respond, newPin });
  expect(new Set(challenges).size).toBe(challenges.length);
  await expectError(used.verifyPin(options.pin), 'ERR_PIN_INCORRECT');
  await used.verifyPin(newPin);
  expect((await used.containers()).map(({ name }) => name)).toEqual(['meanwhile']);
});

test('whoever waits for a response can stop waiting, and the card is free', async () => {
  const manager = await openManager(await temporaryDirectory());
  const adminKey = AdminKey.random();
  const options = cardOptions({ adminKey });
  const card = await manager.create(options);
  const stop = new AbortController();
  const silent = () => new Promise<Uint8Array>(() => setTimeout(() => stop.abort(), 100));
  const { signal } = stop;
  const newPin = randomPin();
  await expectError(card.unblock({ adminKey: silent, newPin, signal }), 'ERR_ABORTED');
  await expectError(card.unblock({ adminKey, newPin, signal }), 'ERR_ABORTED');
  await card.verifyPin(options.pin);
  await card.unblock({ adminKey, newPin });
  await card.verifyPin(newPin);
});

test('a policy outlives a restart, and holds whoever sets the PIN', async () => {
  const directory = await temporaryDirectory();
  const manager = await openManager(directory);
  const adminKey = AdminKey.random();
  const pinPolicy = { minLength: 6, maxLength: 9, digits: 'required' } as const;
  await manager.create(cardOptions({ adminKey, pinPolicy, pin: Buffer.from('abc-123') }));
  await manager.close();
  const card = await (await openManager(directory)).card();
  const respond = (challenge: Uint8Array) => adminKey.respond(challenge);
  for (const newPin of ['abc-1', 'abc-defg', 'abc-123456']) {
    await expectError(card.changePin('abc-123', newPin), 'ERR_PIN_POLICY');
    await expectError(card.unblock({ adminKey, newPin }), 'ERR_PIN_POLICY');
    await expectError(card.unblock({ adminKey: respond, newPin }), 'ERR_PIN_POLICY');
  }
  await card.unblock({ adminKey: respond, newPin: 'abc-1234' });
  await card.verifyPin('abc-1234');
});
