import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  acquired,
  DEFAULT_OPTIONAL,
  dropped,
  given,
  RSA,
  released,
  withKey,
} from './support/csp-calls.js';
import { addon, PIN, WRONG_PIN } from './support/key-lab.js';

const SILENT_CONTEXT = 0x80090022;
const WRONG_CHV = 0x8010006b;
const CHV_BLOCKED = 0x8010006c;

test('a wrong PIN is refused until the card is blocked, and makes nothing', async () => {
  const { lab, sign } = await withKey();
  const codes: unknown[] = [];
  const codeOf = (error: { hresult: number }) => codes.push(error.hresult);
  const other = { ...lab.key('Other'), ...RSA, keySpec: 1 } as const;
  await addon.createKey(other, WRONG_PIN).result.catch(codeOf);
  await sign(WRONG_PIN).catch(codeOf);
  await addon.deleteKey(lab.key(), WRONG_PIN).result.catch(codeOf);
  expect(codes).toEqual([WRONG_CHV, WRONG_CHV, WRONG_CHV]);
  expect(await sign()).toHaveLength(256);
  for (let attempt = 1; attempt <= 6; attempt += 1) await sign(WRONG_PIN).catch(codeOf);
  expect(codes.at(-1)).toBe(CHV_BLOCKED);
  await expect(sign()).rejects.toMatchObject({ hresult: CHV_BLOCKED });
  expect(await addon.listKeys(lab.card()).result).toEqual([{ container: 'Key', keySpec: 0 }]);
  expect((await lab.calls()).at(-1)).toMatchObject(released());
});

test('a PIN does not stay behind: the next call without one finds none', async () => {
  const { lab, sign } = await withKey();
  await sign();
  // A result of 0 does nothing: the PIN that this call gives is not taken.
  await lab.script('CPSetProvParam', { result: 0 });
  await expect(sign()).rejects.toMatchObject({ hresult: SILENT_CONTEXT });
  // So it would be if the PIN were not dropped.
  await lab.script('CPSetProvParam', null, { result: 0 }, { result: 0 });
  await sign();
  expect(await sign()).toHaveLength(256);
});

test('a PIN is dropped by another context where the first fails, and one that stays is told', async () => {
  const { lab, request } = await withKey();
  const told: unknown[] = [];
  const sign = () =>
    addon.signHash(request, randomBytes(32), PIN, (name, value) => told.push([name, value])).result;
  await lab.script('CPSetProvParam', null, { result: 0x80090020 });
  const before = await lab.count();
  expect(await sign()).toHaveLength(256);
  const calls = (await lab.calls(before)).filter(({ call }) => /Acquire|SetProv/.test(call));
  expect(calls).toMatchObject([
    acquired(lab, 'Key'),
    given(),
    dropped(),
    acquired(lab, '', DEFAULT_OPTIONAL),
    dropped(),
  ]);
  expect(told).toEqual([]);
  await lab.script('CPSetProvParam', null, { result: 0x80090020 }, { result: 0x80090029 });
  expect(await sign()).toHaveLength(256);
  expect(told).toEqual([['pinLeft', 0x80090029]]);
});

test('two calls at once use their own PINs', async () => {
  const { lab, sign } = await withKey();
  const results = await Promise.allSettled([sign(), sign(WRONG_PIN), sign(), sign(WRONG_PIN)]);
  expect(results.map(({ status }) => status)).toEqual([
    ...['fulfilled', 'rejected', 'fulfilled', 'rejected'],
  ]);
  expect((await lab.calls()).at(-1)).toMatchObject(released());
});
