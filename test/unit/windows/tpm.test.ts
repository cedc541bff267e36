import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { WindowsBackend } from '../../../lib/backend/windows/windows-backend.js';
import { loadNative } from '../../../lib/native.js';
import { Tpm } from '../../../lib/tpm/tpm.js';
import { openTransport } from '../../../lib/tpm/tpm-address.js';
import { expectError } from '../../support/expect-error.js';
import { FakeAddon, nativeError } from './support/fake-addon.js';

/** A backend whose TBS leads to a software TPM of this test's. */
async function windowsWithTpm(prepare: (tpm: Tpm) => Promise<void> = async () => undefined) {
  const directory = mkdtempSync(join(tmpdir(), 'virtual-smartcard-tbs-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const tpm = await Tpm.open(await openTransport('libtpms', { tpmStateDirectory: directory }));
  await prepare(tpm);
  await tpm.close();
  const addon = new FakeAddon();
  addon.tbs = async () => {
    const transport = await loadNative().openLibtpms(directory);
    await transport.transmit(Buffer.from('80010000000c000001440000', 'hex'));
    return transport;
  };
  return { addon, backend: new WindowsBackend(addon, {}) };
}

test('the status is the one that every backend has, and what TBS says', async () => {
  const { backend } = await windowsWithTpm((tpm) =>
    tpm.setDictionaryAttackParameters({
      maxAuthFail: 32,
      lockoutIntervalMs: 600_000,
      lockoutRecoveryMs: 86_400_000,
    }),
  );
  expect(await backend.tpmStatus()).toEqual({
    address: 'tbs',
    kind: 'hardware',
    manufacturer: 'IBM',
    vendorString: expect.any(String),
    firmwareVersion: expect.stringMatching(/^\d+\.\d+\.\d+\.\d+$/),
    lockoutCounter: 0,
    maxAuthFail: 32,
    lockoutIntervalMs: 600_000,
    lockoutRecoveryMs: 86_400_000,
    inLockout: false,
    retryAfterMs: 0,
    nvCountersAvailable: expect.any(Number),
    device: {
      version: '2.0',
      interfaceType: 3,
      implementationRevision: 0,
      ready: expect.any(Boolean),
    },
  });
});

test('the lockout is reset with the right authorisation only', async () => {
  const { backend } = await windowsWithTpm();
  await backend.resetTpmLockout(new Uint8Array(0));
  await expectError(backend.resetTpmLockout(Buffer.from('wrong')), 'ERR_TPM_LOCKOUT_AUTHORIZATION');
});

test('a TPM 1.2 is not asked', async () => {
  const { addon, backend } = await windowsWithTpm();
  addon.tpmVersion = 1;
  const error = await expectError(backend.tpmStatus(), 'ERR_NOT_SUPPORTED');
  expect(error.message).toContain('TPM 1.2');
});

test('a TBS that refuses is an error with its code', async () => {
  const { addon, backend } = await windowsWithTpm();
  addon.tbs = () => Promise.reject(nativeError('HRESULT', { hresult: 0x80284008 }));
  const error = await expectError(backend.tpmStatus(), 'ERR_TPM_UNAVAILABLE');
  expect(error.hresult).toBe(0x80284008);
});
