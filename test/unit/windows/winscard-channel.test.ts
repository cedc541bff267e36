import { createHash, randomBytes, verify } from 'node:crypto';
import { expect, it } from 'vitest';
import { describeCard, openCardConnection } from '../../../lib/backend/windows/card-connection.js';
import { TIME_LIMITS } from '../../../lib/backend/windows/limits.js';
import { type CardSystem, WinscardChannel } from '../../../lib/backend/windows/winscard-channel.js';
import { GidsCardConnection } from '../../../lib/gids/card-connection.js';
import { publicKeyObject } from '../../../lib/public-key.js';
import { appletCard, bytes, hex, sendTo } from '../../support/applet-card.js';
import { expectError } from '../../support/expect-error.js';
import { FakeAddon, FakeCall, nativeError } from './support/fake-addon.js';
import { FakeCardHandle } from './support/fake-card-handle.js';

const SELECT = '00A4040009A0000003974254465900';
const TRIES = '00CB3FFF045C027F7100';
const READER = {
  instanceId: 'ROOT\\SMARTCARDREADER\\0000',
  name: 'Card',
  readerName: 'Microsoft Virtual Smart Card 3',
  atr: Buffer.alloc(0),
  isSettled: true,
};
const CONTEXT = { makers: new Map(), certificates: undefined };
const KEY = { name: 'Key', algorithm: 'EC-P256', keySpec: 'keyExchange' } as const;
const SCHEME = { type: 'ecdsa', hash: 'SHA256' } as const;

/** A card in a reader, and the handles that were opened to it. */
function reader() {
  const card = appletCard();
  const addon = new FakeAddon();
  const handles: FakeCardHandle[] = [];
  addon.connect = (readerName) => {
    expect(readerName).toBe(READER.readerName);
    const handle = new FakeCardHandle(card.connect());
    handles.push(handle);
    return FakeCall.resolved(handle);
  };
  const first = () => {
    const [handle] = handles;
    if (!handle) throw new Error('nobody has connected to the card');
    return handle;
  };
  return { card, system: { addon, limits: TIME_LIMITS }, handles, first };
}

/** The card by its own commands alone. */
async function overChannel(system: CardSystem): Promise<GidsCardConnection> {
  const channel = await WinscardChannel.open(system, READER.readerName, 'reset');
  return new GidsCardConnection(channel, () => Promise.reject(new Error('not asked for')));
}

it('a call with a PIN is one transaction, and the close resets the card', async () => {
  const { card, system, first } = reader();
  const connection = await overChannel(system);
  await connection.createContainer(KEY, { pin: card.pin });
  const { calls } = first();
  expect(calls.filter((call) => call === 'begin' || call === 'end')).toEqual(['begin', 'end']);
  expect([calls[0], calls.at(-1)]).toEqual(['begin', 'end']);
  await connection.close();
  expect(calls.at(-1)).toBe('close with reset');
});

it('describes a card and leaves it as it is', async () => {
  const { system, first } = reader();
  expect(await describeCard(system, READER)).toMatchObject({
    state: 'ready',
    cardId: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    ...{ pinTriesLeft: 5, pinTriesMax: 5, hasPuk: false, containerCount: 0 },
  });
  expect(first().calls.at(-1)).toBe('close');
  expect(first().calls).not.toContain('reset');
});

it('a card that another program reset is selected again; its log-in is gone', async () => {
  const { card, system, first } = reader();
  const connection = await overChannel(system);
  await connection.verifyPin(card.pin);
  await connection.createContainer(KEY, {});
  await first().resetByAnother();
  const digest = randomBytes(32);
  await expectError(connection.signDigest('Key', SCHEME, digest, {}), 'ERR_PIN_REQUIRED');
  await first().resetByAnother();
  const signature = await connection.signDigest('Key', SCHEME, digest, { pin: card.pin });
  const key = publicKeyObject(await connection.publicKey('Key'));
  expect(signature).toHaveLength(64);
  expect(key.asymmetricKeyType).toBe('ec');
  // Outside of a transaction, too.
  await first().resetByAnother();
  expect(await connection.pinTries()).toEqual({ left: 5, max: 5 });
  const data = randomBytes(10);
  const hashed = createHash('sha256').update(data).digest();
  const proof = await connection.signDigest('Key', SCHEME, hashed, { pin: card.pin });
  expect(verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, proof)).toBe(true);
});

it('a reset within a transaction is an error, and the next call works', async () => {
  const { system, first } = reader();
  const channel = await WinscardChannel.open(system, READER.readerName, 'reset');
  await channel.exclusively(async () => {
    expect(await sendTo(channel, SELECT)).toMatch(/9000$/);
    first().commandsUntilReset = 0;
    const error = await expectError(channel.transmit(bytes(TRIES)), 'ERR_WINDOWS');
    expect(error.hresult).toBe(0x80100068);
  });
  first().calls.length = 0;
  const answer = await channel.exclusively(() => channel.transmit(bytes(TRIES)));
  expect(hex(answer)).toMatch(/^7F71.*9000$/);
  expect(first().calls).toEqual([
    'begin',
    'reconnect',
    'transmit a4',
    'begin',
    'transmit cb',
    'end',
  ]);
  await channel.close();
});

it('a reset within a transaction is at its end, and what was selected is selected again', async () => {
  const { system, first } = reader();
  const channel = await WinscardChannel.open(system, READER.readerName, 'reset');
  await channel.exclusively(async () => {
    await sendTo(channel, SELECT);
    await channel.reset();
    expect(await sendTo(channel, TRIES)).toMatch(/^7F71.*9000$/);
  });
  expect(await sendTo(channel, TRIES)).toMatch(/^7F71.*9000$/);
  expect(await channel.exclusively(() => sendTo(channel, TRIES))).toMatch(/^7F71.*9000$/);
  expect(first().calls).toEqual([
    ...['begin', 'transmit a4', 'transmit cb', 'end with reset'],
    ...['transmit a4', 'transmit cb'],
    ...['begin', 'transmit cb', 'end'],
  ]);
});

it('a handle that a call has not come back from is left, and another one is used', async () => {
  const { system, handles, first } = reader();
  const limits = { ...TIME_LIMITS, command: 50 };
  const channel = await WinscardChannel.open({ ...system, limits }, READER.readerName, 'reset');
  await sendTo(channel, SELECT);
  const transmit = first().transmit.bind(first());
  first().transmit = () => new FakeCall();
  const error = await expectError(
    channel.exclusively(async () => {
      await channel.transmit(bytes(TRIES)).catch((failure) => failure);
      // Nothing goes on in the transaction, least of all by another handle.
      await channel.transmit(bytes(TRIES));
    }),
    'ERR_TIMEOUT',
  );
  expect(error.cause).toMatchObject({ code: 'ABANDONED' });
  expect(handles).toHaveLength(1);
  first().transmit = transmit;
  expect(first().calls).toEqual(['transmit a4', 'begin', 'close with reset']);
  expect(await sendTo(channel, TRIES)).toMatch(/^7F71.*9000$/);
  expect(handles.map(({ calls }) => calls.at(-1))).toEqual(['close with reset', 'transmit cb']);
  await channel.close();
  expect(handles[1]?.calls.at(-1)).toBe('close with reset');
  await channel.close();
});

it('what the work throws goes on, and the transaction ends', async () => {
  const { system, first } = reader();
  const channel = await WinscardChannel.open(system, READER.readerName, 'asItIs');
  const failure = new Error('the work failed');
  await expect(channel.exclusively(() => Promise.reject(failure))).rejects.toBe(failure);
  expect(first().calls).toEqual(['begin', 'end']);
});

it('two pieces of work do not mix, work within work joins in', async () => {
  const { system, first } = reader();
  const channel = await WinscardChannel.open(system, READER.readerName, 'asItIs');
  const work = () => channel.exclusively(() => sendTo(channel, SELECT));
  await Promise.all([channel.exclusively(work), work()]);
  const one = ['begin', 'transmit a4', 'end'];
  expect(first().calls).toEqual([...one, ...one]);
});

it.each([
  [0x8010000b, 'ERR_WINDOWS', 'ready'],
  [0x80100009, 'ERR_CARD_NOT_FOUND', 'lost'],
  [0x80100069, 'ERR_CARD_NOT_FOUND', 'lost'],
  [0x80100066, 'ERR_WINDOWS', 'lost'],
] as const)('says why a card cannot be opened: %i', async (hresult, code, state) => {
  const addon = new FakeAddon();
  const system = { addon, limits: TIME_LIMITS };
  addon.connect = () => FakeCall.rejected(nativeError('HRESULT', { hresult }));
  const error = await expectError(openCardConnection(system, READER, CONTEXT), code);
  expect(error.hresult).toBe(hresult);
  expect(await describeCard(system, READER)).toMatchObject({ state, pinTriesLeft: undefined });
});
