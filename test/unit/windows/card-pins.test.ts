import { expect, it } from 'vitest';
import { CardPins } from '../../../lib/backend/windows/card-pins.js';
import { TIME_LIMITS, type TimeLimits } from '../../../lib/backend/windows/limits.js';
import { WaysTaken } from '../../../lib/backend/windows/ways-taken.js';
import { WinscardChannel } from '../../../lib/backend/windows/winscard-channel.js';
import { GidsCardConnection } from '../../../lib/gids/card-connection.js';
import { encryptTripleDes } from '../../../lib/gids/triple-des.js';
import { appletCard } from '../../support/applet-card.js';
import { expectError } from '../../support/expect-error.js';
import { FakeAddon } from './support/fake-addon.js';
import { FakeCall, nativeError } from './support/fake-call.js';
import { FakeCardHandle } from './support/fake-card-handle.js';
import { CHALLENGE, FakeModule } from './support/fake-module.js';

const PIN = Buffer.from('12345678');
const NEW_PIN = Buffer.from('abcdefgh');
const RESPONSE = Buffer.from('response');
const respond = async () => RESPONSE;

/** A card with a module, or without one, and what changes its PINs. */
async function cardWith(
  module: FakeModule | null,
  { puk = false, limits = {} }: { puk?: boolean; limits?: Partial<TimeLimits> } = {},
) {
  const card = appletCard({ puk });
  const addon = new FakeAddon();
  const handles: FakeCardHandle[] = [];
  addon.connect = () => {
    const handle = new FakeCardHandle(card.connect());
    handle.module = () => FakeCall.resolved(module);
    handles.push(handle);
    return FakeCall.resolved(handle);
  };
  const system = { addon, limits: { ...TIME_LIMITS, ...limits } };
  const channel = await WinscardChannel.open(system, 'Reader', 'reset');
  const gids = new GidsCardConnection(channel, async () => {
    throw new Error('nobody asks for it');
  });
  const ways = new WaysTaken();
  const [handle] = handles;
  if (!handle) throw new Error('nobody has connected to the card');
  return { card, channel, gids, handle, handles, pins: new CardPins(channel, gids, ways), ways };
}

const failing = (hresult: number, attemptsLeft?: number) =>
  nativeError('HRESULT', { hresult, ...(attemptsLeft !== undefined && { attemptsLeft }) });

const borders = (calls: readonly string[]) =>
  calls.filter((call) => /^(begin|end|reset|reconnect)/.test(call));

it('verifies, changes and unblocks in one transaction each, which ends with a reset', async () => {
  const module = new FakeModule();
  const { handle, pins } = await cardWith(module, { puk: true });
  await pins.verifyPin(PIN);
  expect(module.calls.splice(0)).toEqual(['verifyPin 12345678', 'release']);
  await pins.changePin(PIN, NEW_PIN);
  // The old PIN by itself: with a byte too many it must not give that byte to the new one.
  expect(module.calls.splice(0)).toEqual([
    'verifyPin 12345678',
    'changePin 12345678 abcdefgh',
    'release',
  ]);
  await pins.unblockWithPuk(PIN, NEW_PIN);
  expect(module.calls.splice(0)).toEqual([
    'unblockByPuk 12345678 abcdefgh',
    'verifyPin abcdefgh',
    'release',
  ]);
  const one = ['begin', 'end with reset'];
  expect(borders(handle.calls)).toEqual([...one, ...one, ...one]);
});

it('answers the challenge for whatever the admin wants', async () => {
  const module = new FakeModule();
  const { handle, pins } = await cardWith(module);
  const given: Uint8Array[] = [];
  const respondTo = async (challenge: Uint8Array) => {
    given.push(challenge);
    return RESPONSE;
  };
  await pins.asAdmin(respondTo, { authenticateOnly: true });
  await pins.asAdmin(respondTo, { resetPin: NEW_PIN });
  await pins.asAdmin(respondTo, { setAdminKey: Buffer.from('24 bytes, more or less') });
  expect(given).toEqual([CHALLENGE, CHALLENGE, CHALLENGE]);
  expect(module.calls.filter((call) => call !== 'challenge' && call !== 'release')).toEqual([
    'authenticateAdmin response',
    'unblockByResponse response abcdefgh',
    'changeAdminKey response 24 bytes, more or less',
  ]);
  const one = ['begin', 'end with reset'];
  expect(borders(handle.calls)).toEqual([...one, ...one, ...one]);
});

it('lets go of the card, but not of the module, while a response takes long', async () => {
  const module = new FakeModule();
  const { handle, pins } = await cardWith(module);
  const late = () =>
    new Promise<Uint8Array>((resolve) => {
      setTimeout(resolve, 2100, RESPONSE);
    });
  await pins.asAdmin(late, { resetPin: NEW_PIN });
  expect(borders(handle.calls)).toEqual(['begin', 'end', 'begin', 'end with reset']);
  expect(module.calls).toEqual(['challenge', 'unblockByResponse response abcdefgh', 'release']);
});

it('asks for another response when another program reset the card meanwhile, and tries none of before', async () => {
  const module = new FakeModule();
  const { handle, pins } = await cardWith(module);
  let asked = 0;
  const late = async () => {
    asked += 1;
    if (asked > 1) return RESPONSE;
    await new Promise((resolve) => setTimeout(resolve, 2100));
    await handle.resetByAnother();
    return Buffer.from('too late');
  };
  await pins.asAdmin(late, { resetPin: NEW_PIN });
  expect(module.calls).toEqual([
    'challenge',
    'release',
    'challenge',
    'unblockByResponse response abcdefgh',
    'release',
  ]);
});

it.each([
  [0x8010006b, 3, 'ERR_PIN_INCORRECT', 3],
  // The card is asked: it has had no wrong PIN.
  [0x8010006b, undefined, 'ERR_PIN_INCORRECT', 5],
  // Blocked already, as far as the card tells: it was not this try.
  [0x8010006c, 0, 'ERR_PIN_BLOCKED', 0],
  [0x8010002a, undefined, 'ERR_PIN_INCORRECT', 5],
  [0x80280921, undefined, 'ERR_TPM_LOCKED_OUT', undefined],
  [0x80100068, undefined, 'ERR_WINDOWS', undefined],
] as const)('a PIN refused with %i and %s tries left', async (hresult, left, code, triesLeft) => {
  const module = new FakeModule();
  module.failures.set('verifyPin', failing(hresult, left));
  const { handle, pins } = await cardWith(module);
  const error = await expectError(pins.verifyPin(PIN), code);
  expect(error).toMatchObject({ hresult });
  expect(error.triesLeft).toBe(triesLeft);
  expect(module.calls.at(-1)).toBe('release');
  expect(handle.calls.at(-1)).toBe('end with reset');
});

it.each([
  ['changePin', 0x8010002a, 'ERR_PIN_POLICY'],
  ['changePin', 0x80100004, 'ERR_PIN_POLICY'],
  ['unblockByPuk', 0x8010006b, 'ERR_PUK_INCORRECT'],
  ['unblockByPuk', 0x8010006c, 'ERR_PUK_BLOCKED'],
  ['unblockByPuk', 0x8010002a, 'ERR_PIN_POLICY'],
  ['unblockByResponse', 0x8010006b, 'ERR_ADMIN_KEY_INCORRECT'],
  ['unblockByResponse', 0x8010006f, 'ERR_ADMIN_KEY_INCORRECT'],
  ['unblockByResponse', 0x8010006a, 'ERR_ADMIN_RESET_NOT_ALLOWED'],
  ['unblockByResponse', 0x8010002a, 'ERR_PIN_POLICY'],
  ['unblockByResponse', 0x80100004, 'ERR_PIN_POLICY'],
  ['changeAdminKey', 0x8010006b, 'ERR_ADMIN_KEY_INCORRECT'],
  ['changeAdminKey', 0x8010006c, 'ERR_ADMIN_KEY_INCORRECT'],
  ['changeAdminKey', 0x80100004, 'ERR_WINDOWS'],
  ['authenticateAdmin', 0x8010006a, 'ERR_ADMIN_KEY_INCORRECT'],
] as const)('%s refused with %i', async (name, hresult, code) => {
  const module = new FakeModule();
  module.failures.set(name, failing(hresult));
  const { pins } = await cardWith(module, { puk: true });
  const calls = {
    changePin: () => pins.changePin(PIN, NEW_PIN),
    unblockByPuk: () => pins.unblockWithPuk(PIN, NEW_PIN),
    unblockByResponse: () => pins.asAdmin(respond, { resetPin: NEW_PIN }),
    changeAdminKey: () => pins.asAdmin(respond, { setAdminKey: Buffer.alloc(24) }),
    authenticateAdmin: () => pins.asAdmin(respond, { authenticateOnly: true }),
  };
  expect((await expectError(calls[name](), code)).hresult).toBe(hresult);
});

it('a card without a PUK says so, and refuses an admin by another error than one that has one', async () => {
  const module = new FakeModule();
  module.failures.set('unblockByResponse', failing(0x8010006a));
  const { pins } = await cardWith(module);
  await expectError(pins.unblockWithPuk(PIN, NEW_PIN), 'ERR_PUK_NOT_SET');
  expect(module.calls).toEqual(['release']);
  await expectError(pins.asAdmin(respond, { resetPin: NEW_PIN }), 'ERR_ADMIN_KEY_INCORRECT');
});

it('tells when a PUK with a byte too many gave it to the new PIN', async () => {
  const module = new FakeModule();
  module.failures.set('verifyPin', failing(0x8010006b, 4));
  const { pins } = await cardWith(module, { puk: true });
  await expectError(pins.unblockWithPuk(PIN, NEW_PIN), 'ERR_PUK_INCORRECT');
});

it.each([
  ['none', () => null],
  ['one that offers nothing', () => moduleFailingBy(nativeError('NOT_OFFERED'))],
  ['one that supports nothing', () => moduleFailingBy(failing(0x80100022))],
])('the card has its own commands with %s', async (_, makeModule) => {
  const { card, handle, pins, gids } = await cardWith(makeModule(), { puk: true });
  await expectError(pins.verifyPin(NEW_PIN), 'ERR_PIN_INCORRECT');
  await pins.verifyPin(card.pin);
  await pins.changePin(card.pin, NEW_PIN);
  await pins.unblockWithPuk(card.puk, PIN);
  await pins.verifyPin(PIN);
  const answer = async (challenge: Uint8Array) => encryptTripleDes(card.adminKey, challenge);
  await pins.asAdmin(answer, { authenticateOnly: true });
  await expectError(pins.asAdmin(answer, { resetPin: PIN }), 'ERR_ADMIN_RESET_NOT_ALLOWED');
  expect(await gids.pinTries()).toEqual({ left: 5, max: 5 });
  expect(new Set(borders(handle.calls))).toEqual(new Set(['begin', 'end with reset']));
});

function moduleFailingBy(failure: unknown): FakeModule {
  const module = new FakeModule();
  const names = ['verifyPin', 'unblockByPuk', 'challenge'] as const;
  for (const name of names) module.failures.set(name, failure);
  return module;
}

it('a module that cannot be loaded is none', async () => {
  const { card, handle, pins } = await cardWith(null);
  handle.module = () => FakeCall.rejected(failing(0x8007051a));
  await pins.verifyPin(card.pin);
  expect(handle.calls.at(-1)).toBe('end with reset');
});

it('a module that does not come back is left with its handle', async () => {
  const module = new FakeModule();
  module.hanging.add('verifyPin');
  const { gids, handles, pins } = await cardWith(module, { limits: { command: 50 } });
  await expectError(pins.verifyPin(PIN), 'ERR_TIMEOUT');
  expect(handles[0]?.calls.at(-1)).toBe('close with reset');
  module.hanging.clear();
  await pins.changePin(PIN, NEW_PIN);
  expect(await gids.pinTries()).toEqual({ left: 5, max: 5 });
  expect(handles).toHaveLength(2);
});
