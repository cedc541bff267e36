import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Tpm } from '../../../lib/tpm/tpm.js';
import { openTransport } from '../../../lib/tpm/tpm-address.js';
import { expectError } from '../../support/expect-error.js';
import { sealForPin } from './support/pin-index.js';
import { freshSwtpm, freshTpm, openForTest, TPM_KINDS } from './support/test-tpm.js';

const FIGURES = { maxAuthFail: 3, lockoutIntervalMs: 600_000, lockoutRecoveryMs: 86_400_000 };
const NO_AUTH = new Uint8Array(0);

/** Something that the lockout protects, and a way to try it. */
async function protectedData(tpm: Tpm) {
  const data = randomBytes(32);
  const authValue = randomBytes(32);
  const sealed = await sealForPin(tpm, data, authValue, undefined);
  const attempt = (value: Uint8Array = authValue) =>
    tpm.unsealWithPolicy(sealed, { authValue: value });
  return { data, attempt };
}

describe.each(TPM_KINDS)('the lockout on %s', (kind) => {
  test('starts after wrong values, says how long, and is reset', async () => {
    const tpm = await freshTpm(kind);
    await tpm.setDictionaryAttackParameters(FIGURES);
    expect(await tpm.status()).toMatchObject({
      ...FIGURES,
      lockoutCounter: 0,
      inLockout: false,
      retryAfterMs: 0,
      manufacturer: 'IBM',
      vendorString: 'SW   TPM',
      firmwareVersion: expect.stringMatching(/^\d+\.\d+\.\d+\.\d+$/),
    });
    const { data, attempt } = await protectedData(tpm);
    for (let failures = 1; failures <= 3; failures += 1) {
      await expectError(attempt(randomBytes(32)), 'ERR_TPM_COMMAND');
      expect((await tpm.status()).lockoutCounter).toBe(failures);
    }
    expect(await tpm.status()).toMatchObject({ inLockout: true, retryAfterMs: 600_000 });
    const error = await expectError(attempt(), 'ERR_TPM_LOCKED_OUT');
    expect(error).toMatchObject({ tpmCode: 0x921, retryAfterMs: 600_000 });
    expect(error.message).toContain('Wait 10 min');
    expect(error.message.includes('clock')).toBe(kind === 'libtpms');
    await tpm.resetLockout(NO_AUTH);
    expect(await tpm.status()).toMatchObject({
      lockoutCounter: 0,
      inLockout: false,
      retryAfterMs: 0,
    });
    expect(await attempt()).toEqual(data);
  });

  test('heals with time', async () => {
    const tpm = await freshTpm(kind);
    await tpm.setDictionaryAttackParameters({ ...FIGURES, maxAuthFail: 1 });
    const { data, attempt } = await protectedData(tpm);
    await expectError(attempt(randomBytes(32)), 'ERR_TPM_COMMAND');
    await expectError(attempt(), 'ERR_TPM_LOCKED_OUT');
    const figures = { ...FIGURES, maxAuthFail: 1, lockoutIntervalMs: 1000 };
    await tpm.setDictionaryAttackParameters(figures);
    await delay(2000);
    expect(await attempt()).toEqual(data);
  });

  test('a wrong lockout authorisation is refused, and bans the right one', async () => {
    const tpm = await freshTpm(kind);
    await tpm.setDictionaryAttackParameters(FIGURES);
    const wrong = await expectError(
      tpm.resetLockout(randomBytes(20)),
      'ERR_TPM_LOCKOUT_AUTHORIZATION',
    );
    expect(wrong.message).toContain('banned');
    const banned = await expectError(tpm.resetLockout(NO_AUTH), 'ERR_TPM_LOCKOUT_AUTHORIZATION');
    expect(banned.tpmCode).toBe(0x921);
    await expectError(tpm.setDictionaryAttackParameters(FIGURES), 'ERR_TPM_LOCKOUT_AUTHORIZATION');
  });

  test('more failures than the maximum take more intervals', async () => {
    const tpm = await freshTpm(kind);
    await tpm.setDictionaryAttackParameters(FIGURES);
    const { attempt } = await protectedData(tpm);
    for (let failures = 0; failures < 2; failures += 1)
      await expectError(attempt(randomBytes(32)), 'ERR_TPM_COMMAND');
    await tpm.setDictionaryAttackParameters({ ...FIGURES, maxAuthFail: 1 });
    expect(await tpm.status()).toMatchObject({ inLockout: true, retryAfterMs: 1_200_000 });
  });
});

test('figures that a TPM cannot have are refused', async () => {
  const tpm = await freshTpm('libtpms');
  for (const [field, value] of [
    ['maxAuthFail', -1],
    ['maxAuthFail', 1.5],
    ['lockoutIntervalMs', 1500],
    ['lockoutRecoveryMs', 1000 * 2 ** 32],
    ['lockoutRecoveryMs', Number.NaN],
  ] as const) {
    const error = await expectError(
      tpm.setDictionaryAttackParameters({ ...FIGURES, [field]: value }),
      'ERR_INVALID_ARGUMENT',
    );
    expect(error.parameter).toBe(field);
  }
});

test('a lockout authorisation that was set is needed', async () => {
  const swtpm = await freshSwtpm();
  const authorization = randomBytes(20);
  await swtpm.tool('tpm2_startup', '-c');
  await swtpm.tool('tpm2_changeauth', '-c', 'lockout', `hex:${authorization.toString('hex')}`);
  const tpm = await openForTest(await openTransport(swtpm.address));
  await tpm.setDictionaryAttackParameters(FIGURES, authorization);
  await tpm.resetLockout(authorization);
  await expectError(tpm.resetLockout(NO_AUTH), 'ERR_TPM_LOCKOUT_AUTHORIZATION');
  await expectError(tpm.resetLockout(authorization), 'ERR_TPM_LOCKOUT_AUTHORIZATION');
});
