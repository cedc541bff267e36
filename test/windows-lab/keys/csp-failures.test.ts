import { expect, test } from 'vitest';
import { TIME_LIMITS } from '../../../lib/backend/windows/limits.js';
import { WinscardChannel } from '../../../lib/backend/windows/winscard-channel.js';
import { GidsCardConnection } from '../../../lib/gids/card-connection.js';
import { until } from '../manager/support/backend.js';
import { addon, type CallPlan, KeyLab, PIN } from './support/key-lab.js';
import { keyOperations, RSA } from './support/key-operations.js';

const FAIL = 0x80090020;
const SILENT = 0x40;
const DELETE_KEYSET = 0x10;
const FAILURE = { result: FAIL };

const OPERATIONS = keyOperations('pkcs1');

/** Every call of every operation that can fail; `passing` calls of the function pass before. */
const FAILING: readonly [keyof typeof OPERATIONS, string, passing: number][] = [
  ['list', 'CPAcquireContext', 0],
  ['list', 'CPGetProvParam', 0],
  ['list', 'CPGetProvParam', 1],
  ['create', 'CPAcquireContext', 0],
  ['create', 'CPSetProvParam', 0],
  ['create', 'CPAcquireContext', 1],
  ['create', 'CPGenKey', 0],
  ['publicKey', 'CPAcquireContext', 0],
  ['publicKey', 'CPGetUserKey', 0],
  ['publicKey', 'CPExportKey', 0],
  ['sign', 'CPAcquireContext', 0],
  ['sign', 'CPGetUserKey', 0],
  ['sign', 'CPCreateHash', 0],
  ['sign', 'CPSetHashParam', 0],
  ['sign', 'CPSetProvParam', 0],
  ['sign', 'CPSignHash', 0],
  ['decrypt', 'CPAcquireContext', 0],
  ['decrypt', 'CPGetUserKey', 0],
  ['decrypt', 'CPSetProvParam', 0],
  ['decrypt', 'CPDecrypt', 0],
  ['certificate', 'CPAcquireContext', 0],
  ['certificate', 'CPGetUserKey', 0],
  ['certificate', 'CPGetKeyParam', 0],
  ['setCertificate', 'CPAcquireContext', 0],
  ['setCertificate', 'CPGetUserKey', 0],
  ['setCertificate', 'CPSetProvParam', 0],
  ['setCertificate', 'CPSetKeyParam', 0],
  ['delete', 'CPAcquireContext', 0],
  ['delete', 'CPAcquireContext', 1],
  ['delete', 'CPSetProvParam', 0],
  ['delete', 'CPAcquireContext', 2],
];

test('whatever fails is told with its code, and leaves nothing open, no PIN and no container', async () => {
  const lab = await KeyLab.fresh('csp');
  await lab.make(RSA);
  for (const [operation, call, passing] of FAILING) {
    const what = `${operation}: ${call} after ${passing}`;
    const before = await lab.count();
    await lab.script(call, ...Array<CallPlan | null>(passing).fill(null), FAILURE);
    const error = await OPERATIONS[operation](lab).result.then(
      () => undefined,
      (failure: unknown) => failure,
    );
    expect(error, what).toMatchObject({
      code: 'HRESULT',
      hresult: FAIL,
      message: expect.stringMatching(/^Could not .+\(0x80090020\)$/),
    });
    const calls = await lab.calls(before);
    const pins = calls.filter((made) => made.call === 'CPSetProvParam');
    if (pins.length > 0) expect(pins.at(-1)?.arguments, what).toMatchObject({ isNull: true });
    // Of all contexts of the process: what an operation leaves open, the next one shows.
    const released = calls.filter((made) => made.call === 'CPReleaseContext');
    for (const context of released) {
      expect(context.arguments, what).toEqual({ contexts: 1, keys: 0, hashes: 0 });
    }
  }
  expect(await addon.listKeys(lab.card()).result).toEqual([{ container: 'Key', keySpec: 0 }]);
  // No container without a key is in its way.
  await OPERATIONS.create(lab).result;
  await OPERATIONS.sign(lab).result;
  expect((await lab.calls()).at(-1)?.arguments).toEqual({ contexts: 1, keys: 0, hashes: 0 });
});

test('what letting go answers changes nothing', async () => {
  const lab = await KeyLab.fresh('csp');
  await lab.make(RSA);
  for (const call of ['CPReleaseContext', 'CPDestroyKey', 'CPDestroyHash']) {
    await lab.script(call, FAILURE);
    expect(await OPERATIONS.sign(lab).result, call).toHaveLength(256);
  }
});

test('a container that somebody else made meanwhile is left alone', async () => {
  const lab = await KeyLab.fresh('csp');
  // By the card's own commands, as by another program: a provider would wait for its turn here.
  const { readerName } = lab.card();
  const channel = await WinscardChannel.open({ addon, limits: TIME_LIMITS }, readerName, 'reset');
  const connection = new GidsCardConnection(channel, async () => {
    throw new Error('nobody asks for it');
  });
  await lab.script('CPGenKey', { delayMs: 1500, result: FAIL });
  const failed = OPERATIONS.create(lab).result.catch((error: { hresult: number }) => error.hresult);
  await until(async () => (await lab.calls()).some(({ call }) => call === 'CPGenKey'), 'CPGenKey');
  const key = { name: 'New', algorithm: 'RSA-2048', keySpec: 'keyExchange' } as const;
  await connection.createContainer(key, { pin: PIN });
  await connection.close();
  expect(await failed).toBe(FAIL);
  const deletions = (await lab.calls()).filter(
    ({ arguments: { flags } }) => Number(flags) === SILENT + DELETE_KEYSET,
  );
  expect(deletions).toEqual([]);
  expect(await addon.listKeys(lab.card()).result).toEqual([{ container: 'New', keySpec: 0 }]);
});
