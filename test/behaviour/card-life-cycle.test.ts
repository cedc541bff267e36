import { createHash, randomBytes, verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { AdminKey } from '../../lib/index.js';
import { expectError } from '../support/expect-error.js';
import { cardOptions, openManager, randomPin, temporaryDirectory } from '../support/store.js';

/** Windows' cards are in the machine's TPM. */
const TPM_KIND = process.platform === 'win32' ? 'hardware' : 'software';

const INF = await readFile(new URL('../../examples/request.inf', import.meta.url), 'utf8');

test('the main job: create, enrol, sign, list, destroy', async () => {
  const directory = await temporaryDirectory();
  const manager = await openManager(directory);
  const pin = randomPin(4);
  const statuses: number[] = [];
  const card = await manager.create({
    name: 'Work laptop',
    pin,
    adminKey: AdminKey.random(),
    generate: true,
    pinPolicy: {
      minLength: 4,
      uppercase: 'allowed',
      lowercase: 'allowed',
      specialCharacters: 'allowed',
    },
    onProgress: (status) => statuses.push(status.code),
  });
  expect(card.instanceId).toBe('ROOT\\SMARTCARDREADER\\0000');
  expect(statuses).toEqual([0, 1, 3, 4, 6, 7, 9, 10, 11, 12]);
  const certificate = await card.enroll(INF, { pin });
  expect(certificate.x509.subject).toBe('CN=Virtual smart card key');
  const data = randomBytes(1000);
  const signature = await certificate.key.sign('RSA-SHA256', data, { pin });
  expect(verify('sha256', data, certificate.x509.publicKey, signature)).toBe(true);
  const [info, ...others] = await manager.list();
  expect(others).toEqual([]);
  expect(info).toMatchObject({
    instanceId: card.instanceId,
    name: 'Work laptop',
    state: 'ready',
    tpm: TPM_KIND,
    containerCount: 1,
    pinTriesLeft: 5,
    hasPuk: false,
  });
  await manager.destroy(card.instanceId);
  expect(await manager.list()).toEqual([]);
  await expectError(manager.card(card.instanceId), 'ERR_CARD_NOT_FOUND');
});

test('a card, its keys and certificates outlive the manager', async () => {
  const directory = await temporaryDirectory();
  const options = cardOptions();
  const { pin } = options;
  const data = randomBytes(32);
  const before = await openManager(directory);
  const made = await before.create(options);
  const key = await made.createKey({ container: 'EC', algorithm: 'EC-P256' }, { pin });
  const enrolled = await made.enroll(INF, { pin });
  const { instanceId } = made;
  await before.close();

  const after = await openManager(directory);
  const card = await after.card();
  expect(card.instanceId).toBe(instanceId);
  const again = await card.key('EC');
  expect(again.publicKey.equals(key.publicKey)).toBe(true);
  const signature = await again.sign('ECDSA-SHA256', data, { pin });
  expect(verify('sha256', data, key.publicKey, signature)).toBe(true);
  const [certificate] = await card.certificates();
  expect(certificate?.der.equals(enrolled.der)).toBe(true);
});

test('ten cards at once, the eleventh refused; a freed place is used again', async () => {
  const manager = await openManager(await temporaryDirectory());
  const cards = [];
  for (let number = 0; number < 10; number++) {
    cards.push(await manager.create(cardOptions({ name: `Card ${number}` })));
  }
  await expectError(manager.create(cardOptions()), 'ERR_CARD_LIMIT');
  const ambiguous = await expectError(manager.card(), 'ERR_CARD_AMBIGUOUS');
  expect(ambiguous.instanceIds).toHaveLength(10);
  await manager.destroy('0003');
  const card = await manager.create(cardOptions({ name: 'The new one' }));
  expect(card.instanceId).toBe('ROOT\\SMARTCARDREADER\\0003');
  expect((await manager.list()).map((info) => info.name)).toEqual([
    'Card 0',
    'Card 1',
    'Card 2',
    'The new one',
    ...[4, 5, 6, 7, 8, 9].map((number) => `Card ${number}`),
  ]);
});

test('thirty containers on a card, the thirty-first refused', async () => {
  const manager = await openManager(await temporaryDirectory());
  const options = cardOptions();
  const { pin } = options;
  const card = await manager.create(options);
  await card.verifyPin(pin);
  for (let number = 0; number < 30; number++) {
    await card.createKey({ container: `Key ${number}`, algorithm: 'EC-P256' });
  }
  await expectError(
    card.createKey({ container: 'One more', algorithm: 'EC-P256' }),
    'ERR_CONTAINER_LIMIT',
  );
  const points = (await card.keys()).map((key) =>
    createHash('sha256')
      .update(key.publicKey.export({ type: 'spki', format: 'der' }))
      .digest('hex'),
  );
  expect(new Set(points).size).toBe(30);
  await card.deleteKey('Key 7');
  await card.createKey({ container: 'One more', algorithm: 'EC-P256' });
  expect((await card.containers()).map(({ name }) => name)).toContain('One more');
});

test('two managers on one directory share its cards', async () => {
  const directory = await temporaryDirectory();
  const [one, other] = await Promise.all([openManager(directory), openManager(directory)]);
  const options = cardOptions();
  const { pin } = options;
  const card = await one.create(options);
  const seen = await other.card(card.instanceId);
  await card.verifyPin(pin);
  // The log-in of one opens nothing for the other.
  await expectError(seen.createKey({ algorithm: 'EC-P256' }), 'ERR_PIN_REQUIRED');
  await card.createKey({ container: 'shared', algorithm: 'EC-P256' });
  const key = await seen.key('shared');
  await one.close();
  const data = randomBytes(20);
  const signature = await key.sign('ECDSA-SHA384', data, { pin });
  expect(verify('sha384', data, key.publicKey, signature)).toBe(true);
});

test('destroying a card ends the objects that others have of it', async () => {
  const directory = await temporaryDirectory();
  const one = await openManager(directory);
  const other = await openManager(directory);
  const options = cardOptions();
  const { pin } = options;
  const card = await one.create(options);
  const key = await card.createKey({ algorithm: 'EC-P256' }, { pin });
  await other.destroy(card.instanceId);
  const error = await key.sign('ECDSA-SHA256', 'data', { pin }).catch((reason) => reason);
  expect(error.code).toMatch(/^ERR_(CARD_NOT_FOUND|CLOSED)$/);
  expect(await one.list()).toEqual([]);
});

test('an abort at every stage leaves no card', async () => {
  const manager = await openManager(await temporaryDirectory());
  for (const stage of [0, 1, 3, 4, 6, 7, 9, 10, 11]) {
    const controller = new AbortController();
    const reason = new Error('enough');
    const creating = manager.create(
      cardOptions({
        signal: controller.signal,
        onProgress: (status) => {
          if (status.code === stage) controller.abort(reason);
        },
      }),
    );
    const error = await expectError(creating, 'ERR_ABORTED');
    expect(error.cause).toBe(reason);
    expect(await manager.list(), `stage ${stage}`).toEqual([]);
  }
});

test('a progress callback that throws leaves no card and its error comes through', async () => {
  const manager = await openManager(await temporaryDirectory());
  for (const stage of [1, 11, 12]) {
    const failure = new Error(`stage ${stage}`);
    const creating = manager.create(
      cardOptions({
        onProgress: (status) => {
          if (status.code === stage) throw failure;
        },
      }),
    );
    await expect(creating).rejects.toBe(failure);
    expect(await manager.list()).toEqual([]);
  }
});

test('a PIN that breaks the policy is refused before anything is made', async () => {
  const manager = await openManager(await temporaryDirectory());
  const statuses: number[] = [];
  const creating = manager.create(
    cardOptions({
      pin: '12345678',
      pinPolicy: { uppercase: 'required' },
      onProgress: ({ code }) => statuses.push(code),
    }),
  );
  const error = await expectError(creating, 'ERR_PIN_POLICY');
  expect(error.message).not.toContain('12345678');
  expect(statuses).toEqual([]);
  expect(await manager.list()).toEqual([]);
});

test('a closed manager refuses every call', async () => {
  const manager = await openManager(await temporaryDirectory());
  await manager.close();
  await manager.close();
  await expectError(manager.list(), 'ERR_CLOSED');
  await expectError(manager.create(cardOptions()), 'ERR_CLOSED');
  await expectError(manager.tpmStatus(), 'ERR_CLOSED');
});
