import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import type { CreateRequest } from '../../../lib/backend/backend.js';
import { CardPins } from '../../../lib/backend/windows/card-pins.js';
import { TIME_LIMITS, type TimeLimits } from '../../../lib/backend/windows/limits.js';
import { WaysTaken } from '../../../lib/backend/windows/ways-taken.js';
import { WinscardChannel } from '../../../lib/backend/windows/winscard-channel.js';
import { GidsCardConnection } from '../../../lib/gids/card-connection.js';
import { encryptTripleDes } from '../../../lib/gids/triple-des.js';
import { loadWindowsAddon } from '../../../lib/native-windows.js';
import { PinPolicy } from '../../../lib/pin-policy.js';
import { expectError } from '../../support/expect-error.js';
import { openBackend, request } from '../manager/support/backend.js';
import { Lab } from '../support/lab.js';

const execute = promisify(execFile);

const PIN = Buffer.from('12345678');
const NEW_PIN = Buffer.from('abcdefgh');
const PUK = Buffer.from('8765432100');
const WRONG = Buffer.from('no such one');
const WRONG_CHV = 0x8010006b;
const RESET_CARD = 0x80100068;
const UNSUPPORTED_FEATURE = 0x80100022;
const REVISION_MISMATCH = 1306;
const IS_PIN_VERIFIED = Buffer.from('00200080', 'hex');
const CARD_TYPE =
  'HKLM\\SOFTWARE\\Microsoft\\Cryptography\\Calais\\SmartCards\\Identity Device (Microsoft Generic Profile)';
const MODULE = 'C:\\windows\\system32\\msclmd.dll';
const FUNCTIONS = [
  'CardAuthenticatePin',
  'CardGetChallenge',
  'CardAuthenticateChallenge',
  'CardUnblockPin',
  'CardChangeAuthenticator',
];

type Respond = (challenge: Uint8Array) => Promise<Uint8Array>;

function respondWith(key: Uint8Array): Respond {
  return async (challenge) => encryptTripleDes(key, challenge);
}

/** A new card, and what changes its PINs. */
async function card(changes: Partial<CreateRequest> = {}, limits: Partial<TimeLimits> = {}) {
  const lab = await Lab.fresh();
  const backend = await openBackend();
  const adminKey = randomBytes(24);
  const instanceId = await backend.create(request({ pin: PIN, adminKey, ...changes }));
  const { readerName } = (await lab.cards()).find((each) => each.instanceId === instanceId) ?? {};
  if (readerName === undefined) throw new Error('the new card has no reader');
  const addon = loadWindowsAddon();
  const system = { addon, limits: { ...TIME_LIMITS, ...limits } };
  const channel = await WinscardChannel.open(system, readerName, 'reset');
  onTestFinished(() => channel.close());
  const gids = new GidsCardConnection(channel, async () => {
    throw new Error('nobody asks for it');
  });
  return {
    lab,
    addon,
    adminKey,
    readerName,
    channel,
    gids,
    pins: new CardPins(channel, gids, new WaysTaken()),
  };
}

/** The module's functions that were called, with their arguments. */
async function moduleCalls(lab: Lab): Promise<unknown[]> {
  const calls = await lab.recorded('minidriver');
  return calls.map(({ call, arguments: values }) =>
    Object.keys(values).length > 0 ? [call, values] : call,
  );
}

const ACQUIRE = ['CardAcquireContext', { version: 7, flags: 0 }];
const AUTHENTICATE_PIN = ['CardAuthenticatePin', { user: 'user' }];

/** How the transactions ended, by their dispositions. */
async function endings(lab: Lab): Promise<unknown[]> {
  const calls = await lab.recorded('winscard');
  return calls
    .filter(({ call }) => call === 'SCardEndTransaction')
    .map((call) => call.arguments['disposition']);
}

/** Sets what the registry names as the module, for one test; null takes the name away. */
async function nameModule(file: string | null): Promise<void> {
  const change =
    file === null
      ? ['delete', CARD_TYPE, '/v', '80000001', '/f']
      : ['add', CARD_TYPE, '/v', '80000001', '/d', file, '/f'];
  onTestFinished(async () => {
    await execute('reg', ['add', CARD_TYPE, '/v', '80000001', '/d', 'msclmd.dll', '/f']);
  });
  await execute('reg', change);
}

test('a PIN is changed in one transaction, which ends with a reset', async () => {
  const { lab, channel, pins } = await card();
  await pins.changePin(PIN, NEW_PIN);
  expect(await moduleCalls(lab)).toEqual([
    ACQUIRE,
    AUTHENTICATE_PIN,
    ['CardChangeAuthenticator', { user: 'user', flags: 2, retryCount: 0 }],
    'CardDeleteContext',
  ]);
  expect(await endings(lab)).toEqual([1]);
  await expectError(pins.verifyPin(PIN), 'ERR_PIN_INCORRECT');
  await pins.verifyPin(NEW_PIN);
  // Nobody is logged in: 5 tries are left, says the card.
  expect((await channel.transmit(IS_PIN_VERIFIED)).toString('hex')).toBe('63c5');
});

test('wrong PINs are counted by the module and block', async () => {
  const { lab, gids, pins } = await card();
  for (const triesLeft of [4, 3]) {
    const error = await expectError(pins.verifyPin(WRONG), 'ERR_PIN_INCORRECT');
    expect(error).toMatchObject({ triesLeft, hresult: WRONG_CHV });
  }
  const longer = Buffer.concat([PIN, Buffer.from('0')]);
  for (const [triesLeft, old] of [
    [2, WRONG],
    [1, longer],
  ] as const) {
    const error = await expectError(pins.changePin(old, NEW_PIN), 'ERR_PIN_INCORRECT');
    expect(error.triesLeft).toBe(triesLeft);
  }
  await pins.verifyPin(PIN);
  for (const triesLeft of [4, 3, 2, 1, 0]) {
    const error = await expectError(pins.verifyPin(WRONG), 'ERR_PIN_INCORRECT');
    expect(error.triesLeft).toBe(triesLeft);
  }
  await expectError(pins.verifyPin(PIN), 'ERR_PIN_BLOCKED');
  await expectError(pins.changePin(PIN, NEW_PIN), 'ERR_PIN_BLOCKED');
  expect(await gids.pinTries()).toEqual({ left: 0, max: 5 });
  expect(await endings(lab)).toEqual(Array.from({ length: 12 }, () => 1));
  const authentications = (await lab.recorded('minidriver')).filter(
    ({ call }) => call === 'CardAuthenticatePin',
  );
  expect(authentications).toHaveLength(12);
});

test('the tries left that a module does not tell are asked of the card', async () => {
  const { lab, pins } = await card();
  await lab.scriptModule('CardAuthenticatePin', { result: WRONG_CHV });
  const error = await expectError(pins.verifyPin(WRONG), 'ERR_PIN_INCORRECT');
  expect(error.triesLeft).toBe(5);
});

test('the PUK unblocks; wrong ones are counted, and five are final', async () => {
  const { lab, gids, pins } = await card({ puk: PUK });
  for (let time = 0; time < 5; time += 1)
    await expectError(pins.verifyPin(WRONG), 'ERR_PIN_INCORRECT');
  const wrong = await expectError(pins.unblockWithPuk(WRONG, NEW_PIN), 'ERR_PUK_INCORRECT');
  expect(wrong.triesLeft).toBe(4);
  await expectError(pins.unblockWithPuk(PUK, Buffer.from('12')), 'ERR_PIN_POLICY');
  const longer = Buffer.concat([PUK, Buffer.from('0')]);
  await expectError(pins.unblockWithPuk(longer, NEW_PIN), 'ERR_PUK_INCORRECT');
  const before = (await lab.recorded('minidriver')).length;
  await pins.unblockWithPuk(PUK, NEW_PIN);
  expect((await moduleCalls(lab)).slice(before)).toEqual([
    ACQUIRE,
    ['CardUnblockPin', { user: 'user', flags: 2, retryCount: 0 }],
    AUTHENTICATE_PIN,
    'CardDeleteContext',
  ]);
  await pins.verifyPin(NEW_PIN);
  for (const triesLeft of [4, 3, 2, 1, 0]) {
    const error = await expectError(pins.unblockWithPuk(WRONG, PIN), 'ERR_PUK_INCORRECT');
    expect(error.triesLeft).toBe(triesLeft);
  }
  await expectError(pins.unblockWithPuk(PUK, PIN), 'ERR_PUK_BLOCKED');
  expect(await gids.pukTries()).toEqual({ left: 0, max: 5 });
});

test('a card without a PUK says so, and is unblocked by a response', async () => {
  const { lab, adminKey, pins } = await card();
  for (let time = 0; time < 5; time += 1)
    await expectError(pins.verifyPin(WRONG), 'ERR_PIN_INCORRECT');
  await expectError(pins.unblockWithPuk(PUK, NEW_PIN), 'ERR_PUK_NOT_SET');
  await expectError(
    pins.asAdmin(respondWith(randomBytes(24)), { resetPin: NEW_PIN }),
    'ERR_ADMIN_KEY_INCORRECT',
  );
  await expectError(
    pins.asAdmin(respondWith(adminKey), { resetPin: Buffer.from('12') }),
    'ERR_PIN_POLICY',
  );
  const before = (await lab.recorded('minidriver')).length;
  await pins.asAdmin(respondWith(adminKey), { resetPin: NEW_PIN });
  expect((await moduleCalls(lab)).slice(before)).toEqual([
    ACQUIRE,
    'CardGetChallenge',
    ['CardUnblockPin', { user: 'user', flags: 1, retryCount: 0 }],
    'CardDeleteContext',
  ]);
  expect((await endings(lab)).at(-1)).toBe(1);
  await pins.verifyPin(NEW_PIN);
});

test('the admin key does not unblock a card with a PUK', async () => {
  const { adminKey, pins } = await card({ puk: PUK });
  const reset = { resetPin: NEW_PIN };
  await expectError(pins.asAdmin(respondWith(adminKey), reset), 'ERR_ADMIN_RESET_NOT_ALLOWED');
  await expectError(pins.asAdmin(respondWith(randomBytes(24)), reset), 'ERR_ADMIN_KEY_INCORRECT');
  await pins.verifyPin(PIN);
});

test('the admin key is checked and changed by responses', async () => {
  const { lab, adminKey, pins } = await card();
  const newKey = randomBytes(24);
  await pins.asAdmin(respondWith(adminKey), { authenticateOnly: true });
  await expectError(
    pins.asAdmin(respondWith(newKey), { setAdminKey: newKey }),
    'ERR_ADMIN_KEY_INCORRECT',
  );
  const before = (await lab.recorded('minidriver')).length;
  await pins.asAdmin(respondWith(adminKey), { setAdminKey: newKey });
  expect((await moduleCalls(lab)).slice(before)).toEqual([
    ACQUIRE,
    'CardGetChallenge',
    ['CardChangeAuthenticator', { user: 'admin', flags: 1, retryCount: 0 }],
    'CardDeleteContext',
  ]);
  await pins.asAdmin(respondWith(newKey), { authenticateOnly: true });
  await expectError(
    pins.asAdmin(respondWith(adminKey), { authenticateOnly: true }),
    'ERR_ADMIN_KEY_INCORRECT',
  );
  await expectError(
    pins.asAdmin(async () => Buffer.alloc(7), { authenticateOnly: true }),
    'ERR_INVALID_ARGUMENT',
  );
  const failure = new Error('the help desk is closed');
  const refuse = () => Promise.reject(failure);
  await expect(pins.asAdmin(refuse, { authenticateOnly: true })).rejects.toBe(failure);
  await pins.verifyPin(PIN);
});

test('a PIN of any bytes goes to the module as it is', async () => {
  const pin = Buffer.from([0, 255, 0, 128, 10, 13, 0, 0]);
  const pinPolicy = PinPolicy.from({ minLength: 4 });
  const { pins } = await card({ pin, pinPolicy });
  await pins.verifyPin(pin);
  const next = Buffer.from([255, 0, 1, 2, 3, 0]);
  await pins.changePin(pin, next);
  await expectError(pins.verifyPin(pin), 'ERR_PIN_INCORRECT');
  await pins.verifyPin(next);
});

test('a late response is given in a transaction of its own', async () => {
  const { lab, adminKey, gids, pins } = await card();
  const respond: Respond = async (challenge) => {
    await delay(2300);
    return encryptTripleDes(adminKey, challenge);
  };
  await pins.asAdmin(respond, { resetPin: NEW_PIN });
  expect(await endings(lab)).toEqual([0, 1]);
  await pins.verifyPin(NEW_PIN);
  await gids.asAdmin(respond, { resetPin: PIN });
  await pins.verifyPin(PIN);
});

test('when the card was reset before a late response, that is not tried, and another one is asked for', async () => {
  const { lab, adminKey, channel, gids, pins } = await card();
  const challenges: string[] = [];
  /** Late the first time, with something that happens before the response. */
  const lateAfter = (meanwhile: () => Promise<unknown>): Respond => {
    let isFirst = true;
    return async (challenge) => {
      challenges.push(Buffer.from(challenge).toString('hex'));
      if (isFirst) {
        isFirst = false;
        await delay(2300);
        await meanwhile();
      }
      return encryptTripleDes(adminKey, challenge);
    };
  };
  const resetByAnother = () => lab.scriptWinscard('SCardBeginTransaction', { result: RESET_CARD });
  await pins.asAdmin(lateAfter(resetByAnother), { resetPin: NEW_PIN });
  await pins.verifyPin(NEW_PIN);
  await pins.asAdmin(
    lateAfter(() => channel.reset()),
    { resetPin: PIN },
  );
  await gids.asAdmin(
    lateAfter(() => channel.reset()),
    { resetPin: NEW_PIN },
  );
  await pins.verifyPin(NEW_PIN);
  expect(new Set(challenges).size).toBe(6);
});

/** All that PINs, PUKs and admin keys can do, right and wrong. */
async function useEverything({ gids, pins, adminKey }: Awaited<ReturnType<typeof card>>) {
  const wrong = await expectError(pins.verifyPin(WRONG), 'ERR_PIN_INCORRECT');
  expect(wrong.triesLeft).toBe(4);
  await pins.verifyPin(PIN);
  await expectError(pins.changePin(PIN, Buffer.from('12')), 'ERR_PIN_POLICY');
  await pins.changePin(PIN, NEW_PIN);
  await expectError(pins.unblockWithPuk(WRONG, PIN), 'ERR_PUK_INCORRECT');
  await pins.unblockWithPuk(PUK, PIN);
  await pins.verifyPin(PIN);
  const newKey = randomBytes(24);
  await pins.asAdmin(respondWith(adminKey), { setAdminKey: newKey });
  await pins.asAdmin(respondWith(newKey), { authenticateOnly: true });
  await expectError(
    pins.asAdmin(respondWith(newKey), { resetPin: NEW_PIN }),
    'ERR_ADMIN_RESET_NOT_ALLOWED',
  );
  await expectError(
    pins.asAdmin(respondWith(adminKey), { authenticateOnly: true }),
    'ERR_ADMIN_KEY_INCORRECT',
  );
  expect(await gids.pinTries()).toEqual({ left: 5, max: 5 });
}

test.each([
  ['none', null],
  ['a file that is not there', 'no-such-module.dll'],
  ['a file that is no DLL', 'c_037.nls'],
  ['a DLL that is no card module', 'version.dll'],
  ['a path on another machine', '\\\\server\\share\\msclmd.dll'],
  ['nothing', ''],
])('where the registry names %s, the card has its commands', async (_, file) => {
  const everything = await card({ puk: PUK });
  await nameModule(file);
  await useEverything(everything);
  expect(await moduleCalls(everything.lab)).toEqual([]);
  expect((await endings(everything.lab)).slice(0, 2)).toEqual([1, 1]);
});

test('a module is loaded by its path below System32, and from nowhere else', async () => {
  const { lab, pins } = await card();
  const folder = await mkdtemp(join(tmpdir(), 'module-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const elsewhere = join(folder, 'msclmd.dll');
  await copyFile(MODULE, elsewhere);
  // The same drive, or else the second path would lead nowhere.
  expect(elsewhere).toMatch(/^c:/i);
  for (const path of [elsewhere, `C:\\windows\\system32\\..\\..${elsewhere.slice(2)}`]) {
    await nameModule(path);
    await pins.verifyPin(PIN);
    expect(await moduleCalls(lab)).toEqual([]);
  }
  await nameModule('C:/Windows/SYSTEM32/drivers/../msclmd.dll');
  await pins.verifyPin(PIN);
  expect(await moduleCalls(lab)).toEqual([ACQUIRE, AUTHENTICATE_PIN, 'CardDeleteContext']);
});

test('a module that refuses the card is done without', async () => {
  const everything = await card({ puk: PUK });
  const { lab } = everything;
  await lab.request('script', {
    component: 'minidriver',
    call: 'CardAcquireContext',
    plans: [{ result: REVISION_MISMATCH }],
    repeat: true,
  });
  await useEverything(everything);
  expect(new Set((await lab.recorded('minidriver')).map(({ call }) => call))).toEqual(
    new Set(['CardAcquireContext']),
  );
});

test.each(FUNCTIONS)('a module without %s: the card has its commands', async (name) => {
  const everything = await card({ puk: PUK });
  const { lab } = everything;
  await lab.request('script', {
    component: 'minidriver',
    call: 'CardAcquireContext',
    plans: [{ without: [name] }],
    repeat: true,
  });
  await useEverything(everything);
  const calls = (await lab.recorded('minidriver')).map(({ call }) => call);
  expect(calls).not.toContain(name);
  expect(calls.filter((call) => call === 'CardDeleteContext')).toHaveLength(
    calls.filter((call) => call === 'CardAcquireContext').length,
  );
});

test.each(FUNCTIONS)('a module that refuses %s: the card has its commands', async (name) => {
  const everything = await card({ puk: PUK });
  const { lab } = everything;
  await lab.request('script', {
    component: 'minidriver',
    call: name,
    plans: [{ result: UNSUPPORTED_FEATURE }],
    repeat: true,
  });
  await useEverything(everything);
  expect((await lab.recorded('minidriver')).map(({ call }) => call)).toContain(name);
});

test('a module that hangs is given up, and the next call works', async () => {
  // Longer than a transaction may be idle: then the card is free again.
  const { lab, pins } = await card({}, { command: 6500 });
  await lab.scriptModule('CardChangeAuthenticator', { hang: true });
  await expectError(pins.changePin(PIN, NEW_PIN), 'ERR_TIMEOUT');
  await pins.changePin(PIN, NEW_PIN);
  await pins.verifyPin(NEW_PIN);
  const connections = (await lab.recorded('winscard')).filter(
    ({ call }) => call === 'SCardConnectW',
  );
  expect(connections).toHaveLength(2);
});

test('everything is let go of, also the module that nobody releases', async () => {
  const { lab, addon, readerName, channel, pins } = await card();
  await pins.verifyPin(PIN);
  await pins.changePin(PIN, NEW_PIN);
  await channel.close();
  const handle = await addon.connectCard(readerName).result;
  await handle.beginTransaction().result;
  const module = await handle.minidriver().result;
  if (!module) throw new Error('the card has no module');
  await module.verifyPin(NEW_PIN).result;
  await handle.close(true).result;
  await expect(module.verifyPin(NEW_PIN).result).rejects.toMatchObject({ code: 'CLOSED' });
  await module.release().result;
  const { calls: records } = await lab.request<{ calls: { call: string }[] }>('recorded');
  const calls = records.map(({ call }) => call);
  expect(calls.indexOf('CardDeleteContext', calls.lastIndexOf('CardAcquireContext'))).toBeLessThan(
    calls.lastIndexOf('SCardDisconnect'),
  );
  const count = (name: string) => calls.filter((call) => call === name).length;
  expect(count('CardAcquireContext')).toBe(3);
  expect(count('CardDeleteContext')).toBe(3);
  expect(count('SCardDisconnect')).toBe(count('SCardConnectW'));
  expect(count('SCardReleaseContext')).toBe(count('SCardEstablishContext'));
});

test('arguments that no card could take are refused before the module is asked', async () => {
  const { lab, addon, readerName } = await card();
  const handle = await addon.connectCard(readerName).result;
  onTestFinished(() => handle.close(true).result);
  const module = await handle.minidriver().result;
  if (!module) throw new Error('the card has no module');
  const wrong = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
  expect(() => module.verifyPin(Buffer.alloc(0))).toThrow(wrong);
  expect(() => module.changePin(PIN, Buffer.alloc(256))).toThrow(wrong);
  expect(() => module.unblockByPuk('12345678' as never, PIN)).toThrow(wrong);
  expect(() => module.unblockByResponse(Buffer.alloc(7), PIN)).toThrow(wrong);
  expect(() => module.changeAdminKey(Buffer.alloc(8), Buffer.alloc(23))).toThrow(wrong);
  expect(() => module.authenticateAdmin(Buffer.alloc(9))).toThrow(wrong);
  await module.release().result;
  await module.release().result;
  await expect(module.challenge().result).rejects.toMatchObject({ code: 'CLOSED' });
  expect(await moduleCalls(lab)).toEqual([ACQUIRE, 'CardDeleteContext']);
});
