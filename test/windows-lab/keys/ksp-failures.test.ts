import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { addon, type CallPlan, KeyLab, PIN } from './support/key-lab.js';
import { HASH, keyOperations } from './support/key-operations.js';

const INTERNAL_ERROR = 0x8009002d;
const FAILURE = { result: INTERNAL_ERROR };

const OPERATIONS = keyOperations('none');

/** Every call of every operation that can fail; `passing` calls of the function pass before. */
const FAILING: readonly [keyof typeof OPERATIONS, string, passing: number][] = [
  ['list', 'NCryptOpenStorageProvider', 0],
  ['list', 'NCryptEnumKeys', 0],
  ['list', 'NCryptEnumKeys', 1],
  ['create', 'NCryptOpenStorageProvider', 0],
  ['create', 'NCryptCreatePersistedKey', 0],
  ['create', 'NCryptSetProperty', 0],
  ['create', 'NCryptSetProperty', 1],
  ['create', 'NCryptFinalizeKey', 0],
  ['publicKey', 'NCryptOpenStorageProvider', 0],
  ['publicKey', 'NCryptOpenKey', 0],
  ['publicKey', 'NCryptGetProperty', 0],
  ['publicKey', 'NCryptExportKey', 0],
  ['sign', 'NCryptOpenStorageProvider', 0],
  ['sign', 'NCryptOpenKey', 0],
  ['sign', 'NCryptSetProperty', 0],
  ['sign', 'NCryptSignHash', 0],
  ['decrypt', 'NCryptOpenStorageProvider', 0],
  ['decrypt', 'NCryptOpenKey', 0],
  ['decrypt', 'NCryptSetProperty', 0],
  ['decrypt', 'NCryptDecrypt', 0],
  ['certificate', 'NCryptOpenStorageProvider', 0],
  ['certificate', 'NCryptOpenKey', 0],
  ['certificate', 'NCryptGetProperty', 0],
  ['setCertificate', 'NCryptOpenStorageProvider', 0],
  ['setCertificate', 'NCryptOpenKey', 0],
  ['setCertificate', 'NCryptSetProperty', 0],
  ['setCertificate', 'NCryptSetProperty', 1],
  ['delete', 'NCryptOpenStorageProvider', 0],
  ['delete', 'NCryptOpenKey', 0],
  ['delete', 'NCryptOpenKey', 1],
  ['delete', 'NCryptSetProperty', 0],
  ['delete', 'NCryptDeleteKey', 0],
];

test('whatever fails is told with its code, and leaves nothing open, no PIN and no key', async () => {
  const lab = await KeyLab.fresh();
  await lab.make();
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
      hresult: INTERNAL_ERROR,
      message: expect.stringMatching(/^Could not .+\(0x8009002D\)$/),
    });
    const calls = await lab.calls(before);
    const handles = calls.filter((made) => made.call === 'NCryptFreeObject');
    const open = call === 'NCryptOpenStorageProvider' ? undefined : { openHandles: 1 };
    expect(handles.at(-1)?.arguments, what).toEqual(open);
    const buffers = calls.filter((made) => made.call === 'NCryptFreeBuffer');
    if (passing > 0 && operation === 'list') {
      expect(buffers.at(-1)?.arguments, what).toEqual({ openBuffers: 1 });
    }
    const pins = calls.filter((made) => made.arguments['property'] === 'SmartCardPin');
    if (pins.length > 0) expect(pins.at(-1)?.arguments, what).toMatchObject({ size: 2 });
  }
  expect(await addon.listKeys(lab.card()).result).toEqual([{ container: 'Key', keySpec: 1 }]);
});

test('what letting go answers changes nothing', async () => {
  const lab = await KeyLab.fresh();
  await lab.make();
  await lab.script('NCryptFreeObject', FAILURE, FAILURE);
  await lab.script('NCryptFreeBuffer', FAILURE, FAILURE);
  expect(await OPERATIONS.sign(lab).result).toHaveLength(64);
  expect(await OPERATIONS.list(lab).result).toHaveLength(1);
});

const SIGN = { provider: 'ksp', readerName: 'R', container: 'C', padding: 'none' } as const;

test.each<[string, () => unknown]>([
  ['card must be an object', () => addon.listKeys(undefined as never)],
  ['provider must be ksp or csp', () => addon.listKeys({ provider: 'x', readerName: '' } as never)],
  ['readerName must be', () => addon.listKeys({ provider: 'ksp', readerName: 'a\\b' })],
  ['readerName must be', () => addon.listKeys({ provider: 'ksp', readerName: '' })],
  [
    'container must be a name of 1 to 39 UTF-16 units without backslashes',
    () => addon.readPublicKey({ ...SIGN, container: 'c'.repeat(40) }),
  ],
  ['container must be', () => addon.readPublicKey({ ...SIGN, container: '..\\c' })],
  ['container must be', () => addon.readPublicKey({ ...SIGN, container: 'a\0b' })],
  [
    'algorithm must be',
    () => addon.createKey({ ...SIGN, algorithm: 'DSA', bits: 0, keySpec: 1 } as never, PIN),
  ],
  ['bits must be', () => addon.createKey({ ...SIGN, algorithm: 'RSA', bits: 0, keySpec: 1 }, PIN)],
  [
    'bits must be',
    () => addon.createKey({ ...SIGN, algorithm: 'ECDSA_P256', bits: 256, keySpec: 1 }, PIN),
  ],
  [
    'keySpec must be',
    () => addon.createKey({ ...SIGN, algorithm: 'RSA', bits: 2048, keySpec: 3 } as never, PIN),
  ],
  ['pin must be a Uint8Array of 4 to 127', () => addon.deleteKey(SIGN, Buffer.from('123'))],
  ['pin must be of ASCII', () => addon.deleteKey(SIGN, Buffer.from('12\x0045'))],
  ['pin must be of ASCII', () => addon.deleteKey(SIGN, Buffer.from('12ä45'))],
  [
    'hash must be as long as',
    () => addon.signHash({ ...SIGN, hashName: 'SHA256' }, randomBytes(20), PIN),
  ],
  [
    'hashName must be',
    () => addon.signHash({ ...SIGN, hashName: 'MD5' } as never, randomBytes(16), PIN),
  ],
  [
    'padding must be none, pkcs1 or pss',
    () => addon.signHash({ ...SIGN, padding: 'oaep', hashName: 'SHA1' } as never, HASH, PIN),
  ],
  ['padding must be pkcs1 or oaep', () => addon.decrypt(SIGN as never, HASH, PIN)],
  ['ciphertext must be', () => addon.decrypt(SIGN as never, randomBytes(1025), PIN)],
  ['certificate must be', () => addon.writeCertificate(SIGN, Buffer.alloc(0), PIN)],
])('refused before anything is called: %s (%#)', async (message, call) => {
  const lab = await KeyLab.fresh();
  expect(call).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    }),
  );
  expect(await lab.count()).toBe(0);
});
