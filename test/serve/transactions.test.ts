import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { Backend } from '../../lib/backend/backend.js';
import { openServedBackend } from '../../lib/backend/served/served-backend.js';
import { AdminKey } from '../../lib/index.js';
import { apdu, sendTo } from '../support/applet-card.js';
import { expectError } from '../support/expect-error.js';
import { RawClient } from '../support/raw-client.js';
import { openServed } from '../support/served-manager.js';
import { cardOptions, openManager, temporaryDirectory } from '../support/store.js';

const PIN_STATUS = '00200080';
const ID = 'ROOT\\SMARTCARDREADER\\0000';

async function servedCard() {
  const directory = await temporaryDirectory();
  const manager = await openManager(directory);
  const options = cardOptions();
  const card = await manager.create(options);
  const { path } = await manager.serve();
  const openChannel = async () => {
    const backend: Backend = await openServedBackend(directory, undefined);
    onTestFinished(() => backend.close());
    const channel = await backend.openChannel?.(card.instanceId);
    if (!channel?.exclusively) throw new Error('it opens channels with transactions');
    return channel as typeof channel & Required<Pick<typeof channel, 'exclusively'>>;
  };
  return { directory, manager, card, path, openChannel, ...options };
}

test('each client has a PIN state of its own, which its reset and its end end', async () => {
  const { card, pin, openChannel } = await servedCard();
  const [one, other] = [await openChannel(), await openChannel()];
  expect(await sendTo(one, apdu('00200080', pin))).toBe('9000');
  expect(await sendTo(one, PIN_STATUS)).toBe('9000');
  expect(await sendTo(other, PIN_STATUS)).toMatch(/^63C/);
  await expectError(card.createKey({ algorithm: 'EC-P256' }), 'ERR_PIN_REQUIRED');
  await one.reset();
  expect(await sendTo(one, PIN_STATUS)).toMatch(/^63C/);
});

test('a command that is longer than any is refused, and the channel goes on', async () => {
  const { openChannel } = await servedCard();
  const channel = await openChannel();
  await expect(channel.transmit(Buffer.alloc(300_000))).rejects.toThrow('300');
  expect(await sendTo(channel, PIN_STATUS)).toMatch(/^63C/);
});

test("a client's transaction keeps every other command out", async () => {
  const { card, openChannel } = await servedCard();
  const [one, other] = [await openChannel(), await openChannel()];
  const order: string[] = [];
  let outside: Promise<unknown>[] = [];
  await one.exclusively(async () => {
    outside = [
      sendTo(other, PIN_STATUS).then(() => order.push('other client')),
      card.pinTries().then(() => order.push('the process itself')),
    ];
    for (let round = 0; round < 20; round++) await sendTo(one, PIN_STATUS);
    order.push('own work');
  });
  await Promise.all(outside);
  expect(order[0]).toBe('own work');
  expect(order).toHaveLength(3);
});

test('a client that ends in a transaction, or waits for one, frees the card', async () => {
  const { card, path } = await servedCard();
  const [holding, waiting] = [await RawClient.open(path), await RawClient.open(path)];
  for (const client of [holding, waiting]) await client.call('open', { instanceId: ID });
  await holding.call('begin', { channel: 1 });
  waiting.request('begin', { channel: 1 });
  const tries = card.pinTries();
  const before = await Promise.race([tries, sleep(300, 'waits')]);
  expect(before).toBe('waits');
  waiting.leave();
  holding.leave();
  expect((await tries).left).toBe(5);
});

test('a transaction with nothing done for 5 seconds is taken back, and its log-in with it', async () => {
  const { card, pin, openChannel } = await servedCard();
  const channel = await openChannel();
  let waited = 0;
  const holding = channel.exclusively(async () => {
    await sendTo(channel, apdu('00200080', pin));
    const began = performance.now();
    await card.pinTries();
    waited = performance.now() - began;
    await sendTo(channel, PIN_STATUS);
  });
  await expectError(holding, 'ERR_TIMEOUT');
  expect(waited).toBeGreaterThan(4000);
  // The next one is as good as new, without the log-in.
  expect(await channel.exclusively(() => sendTo(channel, PIN_STATUS))).toMatch(/^63C/);
});

test('the answer to a challenge may take as long as it takes', async () => {
  const { directory, adminKey, card } = await servedCard();
  const served = await (await openServed(directory)).card(card.instanceId);
  const key = AdminKey.fromBytes(adminKey.exportBytes());
  await served.verifyAdminKey(async (challenge) => {
    await sleep(6000);
    return key.respond(challenge);
  });
  await expectError(served.verifyAdminKey(AdminKey.random()), 'ERR_ADMIN_KEY_INCORRECT');
});

test('two clients that change the containers at once lose nothing', async () => {
  const { directory, card, pin } = await servedCard();
  const clients = await Promise.all(
    [1, 2, 3].map(async () => (await openServed(directory)).card(card.instanceId)),
  );
  const names = clients.map((_, client) => [0, 1, 2, 3, 4].map((each) => `${client}-${each}`));
  await Promise.all(
    clients.map(async (client, index) => {
      for (const container of names[index] ?? []) {
        await client.createKey({ container, algorithm: 'EC-P256' }, { pin });
      }
      await client.deleteKey(`${index}-2`, { pin });
    }),
  );
  const left = names.flat().filter((name) => !name.endsWith('-2'));
  for (const each of [card, ...clients]) {
    expect((await each.containers()).map(({ name }) => name).sort()).toEqual(left);
  }
});

test('a client sees what another one did to a container since', async () => {
  const { directory, card, pin } = await servedCard();
  const served = await (await openServed(directory)).card(card.instanceId);
  const former = await card.createKey({ container: 'One', algorithm: 'EC-P256' }, { pin });
  const key = await served.key('One');
  await key.sign('ECDSA-SHA256', 'x', { pin });
  await former.delete({ pin });
  await expectError(key.sign('ECDSA-SHA256', 'x', { pin }), 'ERR_CONTAINER_NOT_FOUND');
  const next = await card.createKey({ container: 'One', algorithm: 'EC-P256' }, { pin });
  const found = await served.key('One');
  expect(found.publicKey.equals(next.publicKey)).toBe(true);
});

test('errors are those of the process that has the store', async () => {
  const { directory, card, pin } = await servedCard();
  const served = await (await openServed(directory)).card(card.instanceId);
  const wrong = Buffer.from(pin).reverse();
  if (wrong.equals(pin)) wrong[0] = 0x41;
  const here = await expectError(card.verifyPin(wrong), 'ERR_PIN_INCORRECT');
  const there = await expectError(served.verifyPin(wrong), 'ERR_PIN_INCORRECT');
  const same = ({ triesLeft, ...rest }: Record<string, unknown>) => rest;
  const plain = (error: typeof here) => ({
    ...same(error.toJSON()),
    message: error.message.replace(/\d/g, '#'),
    statusWord: (error.statusWord ?? 0) & 0xfff0,
  });
  expect(plain(there)).toEqual(plain(here));
  expect([here.triesLeft, there.triesLeft]).toEqual([4, 3]);
});
