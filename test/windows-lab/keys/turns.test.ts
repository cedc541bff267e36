import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { until } from '../manager/support/backend.js';
import { addon, KeyLab, PIN } from './support/key-lab.js';

const execute = promisify(execFile);
const ADDON = fileURLToPath(
  new URL('../../../prebuilds/win32-x64/virtual-smartcard.node', import.meta.url),
);
const CHILD = fileURLToPath(new URL('./children/key-calls.mjs', import.meta.url));

const ABORTED = '80004004';
const WRONG_CHV = '8010006b';

/** Runs a scenario to its end, in a process whose hanging calls end with it. */
async function run(lab: KeyLab, scenario: string): Promise<{ code: number; output: string }> {
  const args = [CHILD, ADDON, scenario, lab.provider, ...lab.readers];
  const ended = execute(process.execPath, args, { timeout: 30_000 }).then(
    ({ stdout }) => ({ code: 0, stdout }),
    (error: { code: number; stdout: string }) => error,
  );
  const { code, stdout } = await ended;
  return { code, output: stdout.trim() };
}

/** Calls about PINs and with them, in the order in which they came. */
async function course(lab: KeyLab, before: number): Promise<string[]> {
  const steps: string[] = [];
  for (const { call, arguments: values } of await lab.calls(before)) {
    if (call === 'NCryptSignHash') steps.push('sign');
    if (values['property'] === 'SmartCardPin') steps.push(values['size'] === 2 ? 'drop' : 'give');
  }
  return steps;
}

const signature = (lab: KeyLab) =>
  addon.signHash({ ...lab.key(), padding: 'none', hashName: 'SHA256' }, randomBytes(32), PIN);

test('calls that come at once use the card one after the other', async () => {
  const lab = await KeyLab.fresh();
  await lab.make();
  const before = await lab.count();
  const signatures = await Promise.all([1, 2, 3, 4].map(() => signature(lab).result));
  expect(signatures.map(({ length }) => length)).toEqual([64, 64, 64, 64]);
  const one = ['give', 'sign', 'drop'];
  expect(await course(lab, before)).toEqual([...one, ...one, ...one, ...one]);
});

test('two threads with different PINs do not get into each other', async () => {
  const lab = await KeyLab.fresh();
  await lab.make();
  // Long enough for the other to come between, if it were let.
  const pause = { delayMs: 150 };
  await lab.script('NCryptSignHash', pause, pause, pause, pause);
  const before = await lab.count();
  expect(await run(lab, 'threads')).toEqual({
    code: 0,
    output: `signed,signed ${WRONG_CHV},${WRONG_CHV}`,
  });
  const one = ['give', 'sign', 'drop'];
  expect(await course(lab, before)).toEqual([...one, ...one, ...one, ...one]);
});

test('behind a call that hangs, others are let go untouched; another card is free', async () => {
  const lab = await KeyLab.fresh('ncrypt', 2);
  await lab.make();
  await lab.make(lab.key('Key', 1));
  await lab.script('NCryptSignHash', { hang: true });
  const before = await lab.count();
  expect(await run(lab, 'behind')).toEqual({
    code: 0,
    output: `signed all wait ${ABORTED} ABANDONED ABANDONED`,
  });
  expect(await course(lab, before)).toEqual(['give', 'sign', 'give', 'sign', 'drop']);
  // The PIN's cache ended with the process.
  expect(await signature(lab).result).toHaveLength(64);
});

test.each(['NCryptOpenStorageProvider', 'NCryptOpenKey', 'NCryptSetProperty', 'NCryptSignHash'])(
  'a process ends while %s hangs',
  async (call) => {
    const lab = await KeyLab.fresh();
    await lab.make();
    await lab.script(call, { hang: true });
    expect(await run(lab, 'exit')).toEqual({ code: 7, output: 'exiting' });
    expect(await signature(lab).result).toHaveLength(64);
  },
);

test('a key that nobody waits for any more is deleted again', async () => {
  const lab = await KeyLab.fresh();
  await lab.make();
  const late = { ...lab.key('Late'), algorithm: 'ECDSA_P256', bits: 0, keySpec: 1 } as const;
  const told: unknown[] = [];
  const makeLate = async () => {
    await lab.script('NCryptFinalizeKey', { delayMs: 500 });
    const call = addon.createKey(late, PIN, (name, value) => told.push([name, value]));
    const failed = expect(call.result).rejects.toMatchObject({ code: 'ABANDONED' });
    await delay(200);
    call.abandon();
    await failed;
    // Comes after it.
    await signature(lab).result;
    return (await addon.listKeys(lab.card()).result).map(({ container }) => container);
  };
  expect(await makeLate()).toEqual(['Key']);
  expect((await lab.calls()).map(({ call }) => call)).toContain('NCryptDeleteKey');
  expect(told).toEqual([]);
  await lab.script('NCryptDeleteKey', { result: 0x8009002d });
  expect(await makeLate()).toEqual(['Key', 'Late']);
  await until(async () => told.length > 0, 'an event');
  expect(told).toEqual([['lateKeyLeft', 'Late']]);
});

test('a thread that ends while it makes a key leaves none', async () => {
  const lab = await KeyLab.fresh();
  await lab.make();
  await lab.script('NCryptFinalizeKey', { delayMs: 1000 });
  expect(await run(lab, 'terminate')).toEqual({ code: 0, output: 'signed\nKey' });
  expect((await lab.calls()).map(({ call }) => call)).toContain('NCryptDeleteKey');
});
