import { expect, onTestFinished, test } from 'vitest';
import { openEmbeddedBackend } from '../../lib/backend/embedded/embedded-backend.js';
import { apdu, sendTo } from '../support/applet-card.js';
import { expectError } from '../support/expect-error.js';
import { cardOptions, openManager, temporaryDirectory } from '../support/store.js';

const PIN_STATUS = '00200080';
const TRIES_LEFT = '00CB3FFF045C027F7100';

async function cardInStore() {
  const directory = await temporaryDirectory();
  const manager = await openManager(directory);
  const options = cardOptions();
  const card = await manager.create(options);
  const backend = await openEmbeddedBackend({ stateDirectory: directory });
  onTestFinished(() => backend.close());
  const openChannel = async () => {
    if (!backend.openChannel) throw new Error('the embedded backend opens channels');
    return backend.openChannel(card.instanceId);
  };
  return { manager, card, pin: options.pin, backend, openChannel };
}

test('each channel has a PIN state of its own, which its reset ends', async () => {
  const { card, pin, openChannel } = await cardInStore();
  const [one, other] = [await openChannel(), await openChannel()];
  expect(await sendTo(one, apdu('00200080', pin))).toBe('9000');
  expect(await sendTo(one, PIN_STATUS)).toBe('9000');
  expect(await sendTo(other, PIN_STATUS)).toMatch(/^63C/);
  await expectError(card.createKey({ algorithm: 'EC-P256' }), 'ERR_PIN_REQUIRED');
  await one.reset();
  expect(await sendTo(one, PIN_STATUS)).toMatch(/^63C/);
});

test("exclusive work of one channel keeps every other command out, the card's own too", async () => {
  const { card, openChannel } = await cardInStore();
  const [one, other] = [await openChannel(), await openChannel()];
  const order: string[] = [];
  let outside: Promise<unknown>[] = [];
  await one.exclusively?.(async () => {
    outside = [
      sendTo(other, TRIES_LEFT).then(() => order.push('other channel')),
      card.pinTries().then(() => order.push('connection')),
    ];
    for (let round = 0; round < 20; round++) await sendTo(one, TRIES_LEFT);
    order.push('own work');
  });
  await Promise.all(outside);
  expect(order[0]).toBe('own work');
  expect(order).toHaveLength(3);
});

test('a channel ends with its card, and says that the card is gone', async () => {
  const { manager, card, openChannel } = await cardInStore();
  const channel = await openChannel();
  const { instanceId } = card;
  await manager.destroy(instanceId);
  await expectError(channel.transmit(Buffer.from(PIN_STATUS, 'hex')), 'ERR_CARD_NOT_FOUND');
  await expectError(openChannel(), 'ERR_CARD_NOT_FOUND');
  await channel.close();
});

test('closing the backend closes its channels, and leaves those of another one', async () => {
  const { card, backend, openChannel } = await cardInStore();
  const channel = await openChannel();
  await backend.close();
  await expectError(channel.transmit(Buffer.from(PIN_STATUS, 'hex')), 'ERR_CLOSED');
  await expectError(openChannel(), 'ERR_CLOSED');
  expect((await card.pinTries()).left).toBe(5);
});
