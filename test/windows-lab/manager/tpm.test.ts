import { expect, test } from 'vitest';
import { expectError } from '../../support/expect-error.js';
import { Lab } from '../support/lab.js';
import { openBackend } from './support/backend.js';

test('the status is that of the TPM behind TBS', async () => {
  await Lab.fresh();
  const backend = await openBackend();
  const status = await backend.tpmStatus();
  expect(status).toMatchObject({
    address: 'tbs',
    kind: 'hardware',
    manufacturer: 'IBM',
    maxAuthFail: 32,
    lockoutIntervalMs: 600_000,
    lockoutRecoveryMs: 86_400_000,
    inLockout: false,
    device: { version: '2.0' },
  });
});

test('the lockout is reset with its authorisation, which is empty here', async () => {
  await Lab.fresh();
  const backend = await openBackend();
  await backend.resetTpmLockout(new Uint8Array(0));
  expect(await backend.tpmStatus()).toMatchObject({ lockoutCounter: 0 });
});

test('what TBS refuses arrives as its error', async () => {
  const lab = await Lab.fresh();
  const backend = await openBackend();
  const script = (call: string, result: number) =>
    lab.request('script', { component: 'tbs', call, plans: [{ result }] });
  await script('Tbsi_GetDeviceInfo', 0x8028400f);
  const missing = await expectError(backend.tpmStatus(), 'ERR_TPM_UNAVAILABLE');
  expect(missing.hresult).toBe(0x8028400f);
  await script('Tbsi_Context_Create', 0x80284012);
  await expectError(backend.tpmStatus(), 'ERR_ACCESS_DENIED');
  await script('Tbsip_Submit_Command', 0x80280400);
  const blocked = await expectError(backend.resetTpmLockout(new Uint8Array(0)), 'ERR_TPM_COMMAND');
  expect(blocked).toMatchObject({ hresult: 0x80280400, tpmCode: 0x400 });
  await backend.tpmStatus();
});
