import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openEmbeddedBackend } from '../../lib/backend/embedded/embedded-backend.js';
import { AdminKey, type ServeOptions } from '../../lib/index.js';
import type { ServableBackend } from '../../lib/serve/client-resources.js';
import { encodeFrame } from '../../lib/serve/frame.js';
import { StoreServer } from '../../lib/serve/store-server.js';
import { expectError } from '../support/expect-error.js';
import { until } from '../support/pcsc.js';
import { RawClient } from '../support/raw-client.js';
import { openServed } from '../support/served-manager.js';
import { cardOptions, openManager, temporaryDirectory } from '../support/store.js';

async function servedCard(options: ServeOptions = {}) {
  const directory = await temporaryDirectory();
  const manager = await openManager(directory);
  const secrets = cardOptions();
  const card = await manager.create(secrets);
  const service = await manager.serve(options);
  return { directory, manager, card, pin: secrets.pin, path: service.path };
}

const BYTES: [string, Uint8Array][] = [
  ['noise', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ['a frame of no length', Buffer.alloc(64)],
  ['a frame longer than any', Buffer.alloc(64, 0xff)],
  ['no request', encodeFrame({})],
  ['a request without a number', encodeFrame({ method: 'list' })],
  ['a request number 0', encodeFrame({ id: 0, method: 'list' })],
  ['a request number of text', encodeFrame({ id: '1', method: 'list' })],
  ['a method that is no name', encodeFrame({ id: 1, method: ['list'] })],
  ['parameters that are a list', encodeFrame({ id: 1, method: 'list', params: [] })],
  [
    'a number that is in use',
    Buffer.concat([1, 1].map((id) => encodeFrame({ id, method: 'tpmStatus' }))),
  ],
];

test.each(BYTES)('%s ends that connection and no other', async (_, bytes) => {
  const { path, directory } = await servedCard();
  const other = await openServed(directory);
  const client = await RawClient.open(path);
  client.send(bytes);
  let last = await client.next();
  while (last['ended'] === undefined) last = await client.next();
  expect(last).toEqual({ ended: true });
  expect(await other.list()).toHaveLength(1);
});

test('who leaves in the middle of a frame is nobody any more', async () => {
  const { path, directory } = await servedCard({ maxClients: 2 });
  for (let round = 0; round < 10; round++) {
    const client = await RawClient.open(path);
    client.send(encodeFrame({ id: 1, method: 'list' }).subarray(0, 4 + round));
    client.leave();
    // Else the third of them would not be let in.
    await sleep(20);
  }
  expect(await (await openServed(directory)).list()).toHaveLength(1);
});

describe('a request that is wrong', () => {
  const ID = 'ROOT\\SMARTCARDREADER\\0000';
  const PIN = Buffer.from('12345678');
  const KEY = Buffer.alloc(24, 1);
  test.each<[string, unknown, Uint8Array[], string]>([
    ['format', {}, [], 'ERR_NOT_SUPPORTED'],
    ['constructor', {}, [], 'ERR_NOT_SUPPORTED'],
    ['info', {}, [], 'ERR_INVALID_ARGUMENT'],
    ['info', { instanceId: 7 }, [], 'ERR_INVALID_ARGUMENT'],
    ['info', { instanceId: '../0000' }, [], 'ERR_INVALID_ARGUMENT'],
    ['info', { instanceId: '0009' }, [], 'ERR_CARD_NOT_FOUND'],
    ['open', { instanceId: '0009' }, [], 'ERR_CARD_NOT_FOUND'],
    ['destroy', { instanceId: '0'.repeat(300) }, [], 'ERR_INVALID_ARGUMENT'],
    ['destroy', { instanceId: '0009' }, [], 'ERR_CARD_NOT_FOUND'],
    ['create', { name: 'x' }, [], 'ERR_INVALID_ARGUMENT'],
    ['create', { name: 'x' }, [PIN, Buffer.alloc(23)], 'ERR_INVALID_ARGUMENT'],
    ['create', { name: '' }, [PIN, KEY], 'ERR_INVALID_ARGUMENT'],
    ['create', { name: 'x', generate: 'yes' }, [PIN, KEY], 'ERR_INVALID_ARGUMENT'],
    ['create', { name: 'x', toString: 1 }, [PIN, KEY], 'ERR_INVALID_ARGUMENT'],
    ['create', { name: 'x', pinPolicy: { minLength: 20 } }, [PIN, KEY], 'ERR_PIN_POLICY'],
    ['create', { name: 'x' }, [Buffer.from('1'), KEY], 'ERR_PIN_POLICY'],
    ['create', { name: 'x' }, [PIN, KEY, Buffer.from('1')], 'ERR_INVALID_ARGUMENT'],
    ['resetTpmLockout', {}, [], 'ERR_INVALID_ARGUMENT'],
    ['transmit', {}, [], 'ERR_INVALID_ARGUMENT'],
    ['transmit', { channel: 1 }, [PIN], 'ERR_CLOSED'],
    ['begin', { channel: -1 }, [], 'ERR_CLOSED'],
    ['end', { channel: 0.5 }, [], 'ERR_INVALID_ARGUMENT'],
    ['reset', { channel: '1' }, [], 'ERR_INVALID_ARGUMENT'],
    ['noteReader', { instanceId: ID, readerName: 'a\nb' }, [], 'ERR_INVALID_ARGUMENT'],
    ['unwatch', {}, [], 'ERR_INVALID_ARGUMENT'],
  ])('%s %j', async (method, params, attachments, code) => {
    const { path, manager } = await servedCard();
    const before = await manager.list();
    const client = await RawClient.open(path);
    const { error } = await client.call(method, params, attachments);
    expect(error).toMatchObject({ code });
    expect(await manager.list()).toEqual(before);
  });
});

test.each([{ digits: '\u0001'.repeat(40_000) }, { ['x'.repeat(200_000)]: 1 }])(
  'a request that is wrong at length is answered, and the service goes on (%#)',
  async (pinPolicy) => {
    const { path, directory } = await servedCard();
    const client = await RawClient.open(path);
    const secrets = [Buffer.from('12345678'), Buffer.alloc(24, 1)];
    const { error } = await client.call('create', { name: 'x', pinPolicy }, secrets);
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    expect(await (await openServed(directory)).list()).toHaveLength(1);
  },
);

test('APDUs of any kind are answered, also after the channel next to it was closed', async () => {
  const { path, pin } = await servedCard();
  const client = await RawClient.open(path);
  const instanceId = 'ROOT\\SMARTCARDREADER\\0000';
  await client.call('open', { instanceId });
  await client.call('open', { instanceId });
  const verify = Buffer.concat([Buffer.from([0, 0x20, 0, 0x80, pin.length]), pin]);
  expect(await client.call('transmit', { channel: 1 }, [verify])).toMatchObject({
    attachments: [2],
  });
  for (const apdu of [Buffer.alloc(0), Buffer.alloc(1), Buffer.alloc(65_544, 0xff)]) {
    const answer = await client.call('transmit', { channel: 1 }, [apdu]);
    expect(answer).toMatchObject({ result: { revision: expect.any(Number) }, attachments: [2] });
  }
  const sign = Buffer.from('002A9E9A0400112233', 'hex');
  const { result } = await client.call('transmit', { channel: 2 }, [sign]);
  expect(result).toMatchObject({ revision: expect.any(Number) });
  expect(await client.call('close', { channel: 2 })).toEqual({ id: 8, attachments: [] });
  expect((await client.call('transmit', { channel: 2 }, [sign]))['error']).toMatchObject({
    code: 'ERR_CLOSED',
  });
});

test('channels and watches of one client have a limit, and room again after closing', async () => {
  const { path } = await servedCard();
  const client = await RawClient.open(path);
  const instanceId = 'ROOT\\SMARTCARDREADER\\0000';
  for (let number = 1; number <= 256; number++) {
    expect(await client.call('open', { instanceId })).toMatchObject({
      result: { channel: number },
    });
  }
  const refused = { error: { code: 'ERR_NOT_SUPPORTED' } };
  expect(await client.call('open', { instanceId })).toMatchObject(refused);
  await client.call('close', { channel: 7 });
  expect(await client.call('open', { instanceId })).toMatchObject({ result: { channel: 257 } });
  for (let number = 0; number < 64; number++) await client.call('watch');
  expect(await client.call('watch')).toMatchObject(refused);
});

test('the limits of one client hold for requests that come at once, too', async () => {
  const { path } = await servedCard();
  const client = await RawClient.open(path);
  const instanceId = 'ROOT\\SMARTCARDREADER\\0000';
  for (const [method, limit] of [
    ['open', 256],
    ['watch', 64],
  ] as const) {
    for (let request = 0; request < limit + 3; request++) client.request(method, { instanceId });
    const answers = [];
    while (answers.length < limit + 3) answers.push(await client.next());
    const refused = answers.filter(({ error }) => error !== undefined);
    expect(refused.map(({ error }) => error)).toMatchObject(
      Array(3).fill({ code: 'ERR_NOT_SUPPORTED' }),
    );
  }
});

test('a watch ends with its client, also when he gave another one its number', async () => {
  const stateDirectory = await temporaryDirectory();
  const backend = await openEmbeddedBackend({ stateDirectory, tpm: 'libtpms' });
  onTestFinished(() => backend.close());
  let open = 0;
  const watch = async () => {
    const made = await (backend as ServableBackend).watch();
    open += 1;
    const close = async () => {
      open -= 1;
      await made.close();
    };
    return { close, [Symbol.asyncIterator]: () => made };
  };
  const properties = { stateDirectory: { value: stateDirectory }, watch: { value: watch } };
  const counting: ServableBackend = Object.create(backend, properties);
  const service = await StoreServer.start(counting, { maxClients: 4, onWarning: () => undefined });
  onTestFinished(() => service.close());
  const client = await RawClient.open(service.path);
  for (let round = 0; round < 3; round++) {
    client.send(encodeFrame({ id: 1, method: 'watch' }));
    await client.next();
  }
  expect(open).toBeGreaterThan(0);
  client.leave();
  await until(() => open === 0);
});

test('more clients than allowed are told so, and come in when another leaves', async () => {
  const warnings: string[] = [];
  const { directory } = await servedCard({
    maxClients: 1,
    onWarning: ({ code }) => warnings.push(code),
  });
  const one = await openServed(directory);
  const error = await expectError(openServed(directory), 'ERR_STATE_IN_USE');
  expect(error.message).toContain('1 clients');
  await expectError(openServed(directory), 'ERR_STATE_IN_USE');
  expect(warnings).toEqual(['ERR_STATE_IN_USE']);
  await one.close();
  await sleep(50);
  expect(await (await openServed(directory)).list()).toHaveLength(1);
});

/** A service of a store whose list and whose events are long. */
async function chattyService() {
  const stateDirectory = await temporaryDirectory();
  const backend = await openEmbeddedBackend({ stateDirectory, tpm: 'libtpms' });
  onTestFinished(() => backend.close());
  const seen = { lists: 0, events: 0 };
  const long = 'x'.repeat(4000);
  const list = async () => {
    seen.lists += 1;
    return [{ stateReason: long }];
  };
  async function* watch() {
    for (; seen.events < 10_000; seen.events += 1) yield { name: long };
  }
  const properties = {
    stateDirectory: { value: stateDirectory },
    list: { value: list },
    watch: { value: async () => Object.assign(watch(), { close: async () => undefined }) },
  };
  const chatty: ServableBackend = Object.create(backend, properties);
  const service = await StoreServer.start(chatty, { maxClients: 4, onWarning: () => undefined });
  onTestFinished(() => service.close());
  return { path: service.path, seen };
}

test('a client that does not read is not read either, and loses nothing', async () => {
  const { path, seen } = await chattyService();
  const client = await RawClient.open(path);
  client.stopReading();
  const REQUESTS = 5000;
  for (let request = 0; request < REQUESTS; request++) client.request('list');
  await sleep(500);
  // What fits into the limits of the service and into the kernel's buffers, and no more.
  const taken = seen.lists;
  expect(taken).toBeGreaterThan(100);
  expect(taken).toBeLessThan(REQUESTS / 2);
  await sleep(200);
  expect(seen.lists).toBe(taken);
  client.readOn();
  for (let id = 1; id <= REQUESTS; id++) expect((await client.next())['id']).toBe(id);
  expect(seen.lists).toBe(REQUESTS);
});

test('a client that wants to be told and does not read is let go of', async () => {
  const { path, seen } = await chattyService();
  const client = await RawClient.open(path);
  client.stopReading();
  client.request('watch');
  await sleep(500);
  client.readOn();
  let told = 0;
  while ((await client.next())['ended'] === undefined) told += 1;
  expect(told).toBeGreaterThan(0);
  expect(told).toBeLessThan(seen.events);
  expect(await (await RawClient.open(path)).call('list')).toMatchObject({ id: 1 });
});

test('a key or PIN is in no header', async () => {
  const { path } = await servedCard();
  const client = await RawClient.open(path);
  const key = AdminKey.random();
  const pin = Buffer.from('98761234');
  client.request('create', { name: 'Another' }, [pin, key.exportBytes()]);
  const said: string[] = [];
  for (;;) {
    const header = await client.next();
    said.push(JSON.stringify(header));
    if (header['id'] === 1) break;
  }
  expect(said.length).toBeGreaterThan(5);
  for (const secret of ['98761234', key.exportHex()]) {
    expect(said.join().toLowerCase()).not.toContain(secret.toLowerCase());
  }
});
