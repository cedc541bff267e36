import { execFile } from 'node:child_process';
import { createHash, publicEncrypt, randomBytes, verify } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { publicKeyObject } from '../../../lib/public-key.js';
import { expectError } from '../../support/expect-error.js';
import { openBackend, request } from '../manager/support/backend.js';
import { Lab } from '../support/lab.js';

const execute = promisify(execFile);

const PIN = Buffer.from('12345678');
const KEY = { name: 'Key', algorithm: 'EC-P256', keySpec: 'keyExchange' } as const;

const SHARING_VIOLATION = 0x8010000b;
const NO_SERVICE = 0x8010001d;
const READER_UNAVAILABLE = 0x80100017;
const RESET_CARD = 0x80100068;
const REMOVED_CARD = 0x80100069;
const LEAVE_CARD = 0;
const RESET = 1;

/** A new card, and a connection to it. */
async function connected() {
  const lab = await Lab.fresh();
  const backend = await openBackend();
  const instanceId = await backend.create(request({ pin: PIN }));
  const connection = await backend.connect(instanceId);
  return { lab, backend, instanceId, connection };
}

/** Names of winscard's functions that were called since `before`, those about readers left out. */
async function callsSince(lab: Lab, before: number): Promise<string[]> {
  const calls = (await lab.recorded('winscard')).slice(before);
  const names = calls.map(({ call }) => call);
  return names.filter((name) => /Connect|Disconnect|Reconnect|Transaction|Transmit/.test(name));
}

test("a change by the card's commands is one transaction of a shared handle, which is left with a reset", async () => {
  const { lab, connection } = await connected();
  await connection.createContainer(KEY, { pin: PIN });
  const before = (await lab.recorded('winscard')).length;
  await connection.setDefaultContainer('Key', { pin: PIN });
  const calls = await callsSince(lab, before);
  expect([calls[0], calls.at(-1)]).toEqual(['SCardBeginTransaction', 'SCardEndTransaction']);
  expect(new Set(calls.slice(1, -1))).toEqual(new Set(['SCardTransmit']));
  await connection.close();
  const all = await lab.recorded('winscard');
  expect(all.find(({ call }) => call === 'SCardConnectW')?.arguments).toEqual({
    shareMode: 2,
    protocols: 3,
  });
  expect(
    all.filter(({ call }) => call === 'SCardDisconnect').map((call) => call.arguments),
  ).toEqual([{ disposition: RESET }]);
});

test('an RSA key signs and decrypts', async () => {
  const { connection } = await connected();
  const { name } = await connection.createContainer(
    { name: 'RSA', algorithm: 'RSA-2048', keySpec: 'keyExchange' },
    { pin: PIN },
  );
  const key = publicKeyObject(await connection.publicKey(name));
  const data = randomBytes(20);
  const digest = createHash('sha256').update(data).digest();
  const scheme = { type: 'pkcs1', hash: 'SHA256' } as const;
  expect(
    verify('sha256', data, key, await connection.signDigest(name, scheme, digest, { pin: PIN })),
  ).toBe(true);
  const oaep = { type: 'oaep', hash: 'SHA256' } as const;
  const ciphertext = publicEncrypt({ key, oaepHash: 'sha256' }, data);
  expect((await connection.decrypt(name, oaep, ciphertext, { pin: PIN })).equals(data)).toBe(true);
  expect(await connection.containers()).toMatchObject([{ name: 'RSA', hasCertificate: false }]);
});

test('a list describes the card and leaves it as it is', async () => {
  const { lab, backend, instanceId, connection } = await connected();
  await connection.verifyPin(PIN);
  await connection.createContainer(KEY, {});
  const [info] = await backend.list();
  expect(info).toMatchObject({
    ...{ instanceId, state: 'ready', containerCount: 1, hasPuk: false },
    ...{ pinTriesLeft: 5, pinTriesMax: 5 },
    cardId: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
  });
  const disconnections = (await lab.recorded('winscard')).filter(
    ({ call }) => call === 'SCardDisconnect',
  );
  expect(disconnections.map((call) => call.arguments)).toEqual([{ disposition: LEAVE_CARD }]);
  expect(await connection.info()).toEqual(info);
  // Still logged in.
  await connection.deleteContainer('Key', {});
});

test('a card without its files is blank', async () => {
  await Lab.fresh();
  const backend = await openBackend();
  const connection = await backend.connect(await backend.create(request({ generate: false })));
  expect(await connection.info()).toMatchObject({ state: 'blank', cardId: undefined });
  await expectError(connection.containers(), 'ERR_CARD_NOT_INITIALIZED');
});

test('after a reset by another program it goes on, logged out', async () => {
  const { lab, connection } = await connected();
  await connection.createContainer(KEY, { pin: PIN });
  await lab.scriptWinscard('SCardBeginTransaction', { result: RESET_CARD });
  const before = (await lab.recorded('winscard')).length;
  await connection.containers();
  expect((await callsSince(lab, before)).slice(0, 4)).toEqual([
    'SCardBeginTransaction',
    'SCardReconnect',
    'SCardTransmit',
    'SCardBeginTransaction',
  ]);
  await lab.scriptWinscard('SCardTransmit', { result: RESET_CARD });
  const error = await expectError(connection.containers(), 'ERR_WINDOWS');
  expect(error.hresult).toBe(RESET_CARD);
  expect(await connection.containers()).toHaveLength(1);
});

test.each([
  [SHARING_VIOLATION, 'ERR_WINDOWS', 'ready'],
  [REMOVED_CARD, 'ERR_CARD_NOT_FOUND', 'lost'],
  [READER_UNAVAILABLE, 'ERR_CARD_NOT_FOUND', 'lost'],
  [NO_SERVICE, 'ERR_SMART_CARD_SERVICE', 'lost'],
] as const)('a card that cannot be connected to: %i', async (result, code, state) => {
  const lab = await Lab.fresh();
  const backend = await openBackend();
  const instanceId = await backend.create(request());
  await lab.scriptWinscard('SCardConnectW', { result }, { result });
  const error = await expectError(backend.connect(instanceId), code);
  expect(error.hresult).toBe(result);
  expect(await backend.list()).toMatchObject([{ instanceId, state }]);
  expect(await backend.list()).toMatchObject([{ state: 'ready', pinTriesLeft: 5 }]);
});

test('a card that was destroyed is gone for those who have it open', async () => {
  const { backend, instanceId, connection } = await connected();
  await backend.destroy(instanceId, {});
  await expectError(connection.containers(), 'ERR_CARD_NOT_FOUND');
  await connection.close();
  await connection.close();
});

test('a card that does not come back is given up', async () => {
  const { lab, instanceId, connection } = await connected();
  const hurried = await openBackend({ limits: { command: 300 } });
  const other = await hurried.connect(instanceId);
  await lab.scriptWinscard('SCardTransmit', { delayMs: 2000 });
  await expectError(other.pinTries(), 'ERR_TIMEOUT');
  expect(await connection.pinTries()).toEqual({ left: 5, max: 5 });
});

test('a list does not wait for ever for a card', async () => {
  const { lab, instanceId } = await connected();
  const hurried = await openBackend({ limits: { query: 300 } });
  await lab.scriptWinscard('SCardBeginTransaction', { delayMs: 2000 });
  expect(await hurried.list()).toMatchObject([{ instanceId, state: 'ready', cardId: undefined }]);
});

test('two connections take turns, call by call', async () => {
  const { backend, instanceId, connection } = await connected();
  const other = await backend.connect(instanceId);
  const specs = [1, 2, 3, 4, 5, 6].map((number) => ({ ...KEY, name: `Key ${number}` }));
  await Promise.all(
    specs.map((spec, index) =>
      (index % 2 ? other : connection).createContainer(spec, { pin: PIN }),
    ),
  );
  expect((await connection.containers()).map(({ name }) => name).sort()).toEqual(
    specs.map(({ name }) => name),
  );
});

test('a process ends while it waits for a transaction that never comes', async () => {
  const { lab, instanceId } = await connected();
  const { readerName } = (await lab.cards()).find((card) => card.instanceId === instanceId) ?? {};
  const addon = fileURLToPath(
    new URL('../../../prebuilds/win32-x64/virtual-smartcard.node', import.meta.url),
  );
  const child = fileURLToPath(new URL('./children/wait-for-transaction.mjs', import.meta.url));
  const { stdout } = await execute(process.execPath, [child, addon, readerName ?? ''], {
    timeout: 20_000,
  });
  expect(stdout.trim()).toBe('waiting');
  // Its transaction ended with it.
  const backend = await openBackend();
  expect(await backend.list()).toMatchObject([{ state: 'ready', pinTriesLeft: 5 }]);
});
