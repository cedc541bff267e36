import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { isTpmCode } from '../../../lib/tpm/error.js';
import { nvName } from '../../../lib/tpm/name.js';
import { Tpm } from '../../../lib/tpm/tpm.js';
import { openTransport } from '../../../lib/tpm/tpm-address.js';
import { expectError } from '../../support/expect-error.js';
import { definePinIndex, PIN_ATTRIBUTES, pinCounter, sealForPin } from './support/pin-index.js';
import { freshSwtpm, freshTpm, openForTest, TPM_KINDS } from './support/test-tpm.js';

const AUTH_FAIL = 0x08e;
const BAD_AUTH = 0x0a2;
const AUTH_UNAVAILABLE = 0x12f;
const LIMIT = 5;

async function sealedForPin(tpm: Tpm) {
  const pinIndex = await definePinIndex(tpm, LIMIT);
  const data = randomBytes(32);
  const authValue = randomBytes(32);
  const sealed = await sealForPin(tpm, data, authValue, pinIndex.name);
  const tryPin = (pin: Uint8Array = pinIndex.authValue, objectAuth: Uint8Array = authValue) =>
    tpm.unsealWithPolicy(sealed, {
      pinIndex: { ...pinIndex, authValue: pin },
      authValue: objectAuth,
    });
  return { pinIndex, data, authValue, sealed, tryPin };
}

describe.each(TPM_KINDS)('a PIN index on %s', (kind) => {
  test('a right PIN opens and resets the count, a wrong one counts there only', async () => {
    const tpm = await freshTpm(kind);
    const { pinIndex, data, tryPin } = await sealedForPin(tpm);
    for (let round = 0; round < 2; round += 1) {
      for (let count = 1; count < LIMIT; count += 1) {
        const error = await expectError(tryPin(randomBytes(32)), 'ERR_TPM_COMMAND');
        expect(isTpmCode(error, BAD_AUTH)).toBe(true);
        expect(await tpm.nvRead(pinIndex.index, 8)).toEqual(pinCounter(count, LIMIT));
      }
      expect(await tryPin()).toEqual(data);
      expect(await tpm.nvRead(pinIndex.index, 8)).toEqual(pinCounter(0, LIMIT));
    }
    expect((await tpm.status()).lockoutCounter).toBe(0);
  });

  test('at its limit not even the right PIN opens', async () => {
    const tpm = await freshTpm(kind);
    const { pinIndex, data, tryPin } = await sealedForPin(tpm);
    for (let count = 0; count < LIMIT; count += 1)
      await expectError(tryPin(randomBytes(32)), 'ERR_TPM_COMMAND');
    for (const pin of [pinIndex.authValue, randomBytes(32)]) {
      const error = await expectError(tryPin(pin), 'ERR_TPM_COMMAND');
      expect(isTpmCode(error, AUTH_UNAVAILABLE)).toBe(true);
    }
    expect(await tpm.nvRead(pinIndex.index, 8)).toEqual(pinCounter(LIMIT, LIMIT));
    await tpm.nvWrite(pinIndex.index, pinCounter(0, LIMIT));
    expect(await tryPin()).toEqual(data);
  });

  test('the right PIN does not open without the right authValue, which the lockout counts', async () => {
    const tpm = await freshTpm(kind);
    const { data, authValue, sealed, tryPin } = await sealedForPin(tpm);
    const error = await expectError(tryPin(undefined, randomBytes(32)), 'ERR_TPM_COMMAND');
    expect(isTpmCode(error, AUTH_FAIL)).toBe(true);
    expect((await tpm.status()).lockoutCounter).toBe(1);
    await expectError(tpm.unseal(sealed, authValue), 'ERR_TPM_COMMAND');
    await expectError(tpm.unsealWithPolicy(sealed, { authValue }), 'ERR_TPM_COMMAND');
    expect(await tryPin()).toEqual(data);
  });

  test('whoever redefines the index still has to guess the authValue', async () => {
    const tpm = await freshTpm(kind);
    const { pinIndex, authValue, data, tryPin } = await sealedForPin(tpm);
    const own = randomBytes(32);
    await tpm.nvUndefine(pinIndex.index);
    const spec = { attributes: PIN_ATTRIBUTES, dataSize: 8, authValue: own };
    await tpm.nvDefine(pinIndex.index, spec);
    await tpm.nvWrite(pinIndex.index, pinCounter(0, LIMIT));
    const error = await expectError(tryPin(own, randomBytes(32)), 'ERR_TPM_COMMAND');
    expect(isTpmCode(error, AUTH_FAIL)).toBe(true);
    expect(await tryPin(own, authValue)).toEqual(data);
  });

  test('without an index the authValue alone opens, by policy', async () => {
    const tpm = await freshTpm(kind);
    const data = randomBytes(64);
    const authValue = randomBytes(32);
    const sealed = await sealForPin(tpm, data, authValue, undefined);
    expect(await tpm.unsealWithPolicy(sealed, { authValue })).toEqual(data);
    await expectError(tpm.unseal(sealed, authValue), 'ERR_TPM_COMMAND');
  });

  test('an index is defined, written, read, described and undefined', async () => {
    const tpm = await freshTpm(kind);
    const attributes = (1 << 1) | (1 << 17) | (1 << 25);
    const index = 0x0186beef;
    const data = randomBytes(32);
    expect(await tpm.nvReadPublic(index)).toBeUndefined();
    await expectError(tpm.nvRead(index, 32), 'ERR_TPM_COMMAND');
    await tpm.nvDefine(index, { attributes, dataSize: 32 });
    await tpm.nvWrite(index, data);
    expect(await tpm.nvRead(index, 32)).toEqual(data);
    expect(await tpm.nvReadPublic(index)).toMatchObject({
      attributes: (attributes | (1 << 29)) >>> 0,
      authPolicy: Buffer.alloc(0),
      dataSize: 32,
    });
    expect(await tpm.nvIndexes()).toContain(index);
    const taken = await expectError(
      tpm.nvDefine(index, { attributes, dataSize: 32 }),
      'ERR_TPM_COMMAND',
    );
    expect(taken.message).toContain('TPM_RC_NV_DEFINED');
    await tpm.nvUndefine(index);
    expect(await tpm.nvIndexes()).not.toContain(index);
    expect(await tpm.nvReadPublic(index)).toBeUndefined();
  });
});

test('NV space that is used up is a typed error, and what is there stays', async () => {
  const tpm = await freshTpm('libtpms');
  const attributes = (1 << 1) | (1 << 17) | (1 << 25);
  const defined: number[] = [];
  const error = await expectError(
    (async () => {
      for (let index = 0x01860000; ; index += 1) {
        await tpm.nvDefine(index, { attributes, dataSize: 2000 });
        defined.push(index);
      }
    })(),
    'ERR_TPM_NV_FULL',
  );
  expect(error.tpmCode).toBe(0x14b);
  expect(defined.length).toBeGreaterThan(3);
  expect(await tpm.nvIndexes()).toEqual(defined);
});

test('policies and Names are those of tpm2-tools', async () => {
  const swtpm = await freshSwtpm();
  const tpm = await openForTest(await openTransport(swtpm.address));
  const { index, name, authValue } = await definePinIndex(tpm, LIMIT);
  await tpm.close();

  const handle = `0x${index.toString(16)}`;
  const listed = await swtpm.tool('tpm2_nvreadpublic', handle);
  expect(/name: ([0-9a-f]+)/.exec(listed)?.[1]).toBe(name.toString('hex'));

  const session = ['-S', 'session.ctx'];
  await swtpm.tool('tpm2_startauthsession', '-g', 'sha256', ...session);
  const auth = `hex:${authValue.toString('hex')}`;
  await swtpm.tool('tpm2_policysecret', ...session, '-c', handle, '-L', 'secret.policy', auth);
  const digest = await swtpm.tool('tpm2_policyauthvalue', ...session, '-L', 'pin.policy');
  await swtpm.tool('tpm2_flushcontext', 'session.ctx');
  expect(digest.trim().split(/\s/).at(-1)).toBe(Tpm.pinPolicyDigest(name).toString('hex'));
});

test('a Name changes with everything that is in the public area', () => {
  const base = {
    index: 0x01860001,
    attributes: PIN_ATTRIBUTES,
    authPolicy: Buffer.alloc(0),
    dataSize: 8,
  };
  const others = [
    { index: 0x01860002 },
    { attributes: 0 },
    { authPolicy: Buffer.alloc(32) },
    { dataSize: 9 },
  ];
  const names = [base, ...others.map((other) => ({ ...base, ...other }))].map((nv) =>
    nvName(nv).toString('hex'),
  );
  expect(new Set(names).size).toBe(5);
  expect(Tpm.pinPolicyDigest(nvName(base))).not.toEqual(Tpm.pinPolicyDigest(undefined));
});
