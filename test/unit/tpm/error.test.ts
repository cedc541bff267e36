import { expect, test } from 'vitest';
import { VirtualSmartCardError } from '../../../lib/errors.js';
import { TPM_CC, TPM_RH_LOCKOUT, TPM_RH_OWNER } from '../../../lib/tpm/constants.js';
import { isTpmCode, tpmError } from '../../../lib/tpm/error.js';

test('a code is the same error whatever handle, parameter or session it names', () => {
  for (const code of [0x0a2, 0x1a2, 0x9a2, 0xaa2, 0x2e2]) {
    const error = tpmError(code, { command: TPM_CC.Sign });
    expect(isTpmCode(error, 0x0a2)).toBe(true);
    expect(isTpmCode(error, 0x9a2)).toBe(true);
    expect(isTpmCode(error, 0x08e)).toBe(false);
  }
  const blocked = tpmError(0x12f, { command: TPM_CC.PolicySecret });
  expect(isTpmCode(blocked, 0x12f)).toBe(true);
  expect(isTpmCode(blocked, 0x92f)).toBe(false);
  expect(isTpmCode(new Error('0x12f'), 0x12f)).toBe(false);
  expect(isTpmCode(new VirtualSmartCardError('ERR_TPM_COMMAND', 'no code'), 0)).toBe(false);
});

test.each([
  [0x9a2, TPM_RH_OWNER, 'ERR_TPM_AUTHORIZATION'],
  [0x98e, TPM_RH_OWNER, 'ERR_TPM_AUTHORIZATION'],
  [0x9a2, TPM_RH_LOCKOUT, 'ERR_TPM_LOCKOUT_AUTHORIZATION'],
  [0x98e, TPM_RH_LOCKOUT, 'ERR_TPM_LOCKOUT_AUTHORIZATION'],
  [0x921, TPM_RH_LOCKOUT, 'ERR_TPM_LOCKOUT_AUTHORIZATION'],
  [0x9a2, 0x80000000, 'ERR_TPM_COMMAND'],
  [0x921, 0x80000000, 'ERR_TPM_LOCKED_OUT'],
  [0x14b, TPM_RH_OWNER, 'ERR_TPM_NV_FULL'],
  [0x101, undefined, 'ERR_TPM_COMMAND'],
])('code 0x%x for handle %s is %s', (tpmCode, authorizedHandle, code) => {
  const error = tpmError(tpmCode, { command: TPM_CC.NV_DefineSpace, authorizedHandle });
  expect(error).toMatchObject({ code, tpmCode });
  expect(error.message).toContain('TPM2_NV_DefineSpace');
});

test('a message names the code, known or not, and the wait', () => {
  expect(tpmError(0x9a2, { command: TPM_CC.Sign }).message).toContain('TPM_RC_BAD_AUTH, 0x9A2');
  expect(tpmError(0xb0143, { command: 0x20 }).message).toContain(
    'response code 0xB0143 from 0x020',
  );
  const lockedOut = (retryAfterMs: number, clockNeedsProgram = false) =>
    tpmError(0x921, { command: TPM_CC.Unseal, lockout: { retryAfterMs, clockNeedsProgram } });
  expect(lockedOut(1500)).toMatchObject({ retryAfterMs: 1500 });
  expect(lockedOut(1500).message).toContain('Wait 2 s');
  expect(lockedOut(600_000).message).toContain('Wait 10 min');
  expect(lockedOut(86_400_000).message).toContain('Wait 24 h');
  expect(lockedOut(1, true).message).toContain('clock runs only while a program has it open');
  expect(lockedOut(1).message).not.toContain('clock');
});
