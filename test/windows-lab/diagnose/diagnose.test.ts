import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { type DiagnosisReport, diagnose } from '../../../lib/index.js';
import { loadWindowsAddon } from '../../../lib/native-windows.js';
import { cardOptions, openManager, otherPin } from '../../support/store.js';
import { keyClient } from '../keys/support/key-client.js';
import { Lab } from '../support/lab.js';
import { unsignedCertificate } from '../support/unsigned-certificate.js';

const execute = promisify(execFile);

/** A service of this test's own, as the service control manager keeps it. */
async function makeService(name: string, start: 'demand' | 'disabled'): Promise<void> {
  const remove = () => execute('sc', ['delete', name]).catch(() => undefined);
  await remove();
  await execute('sc', ['create', name, 'binPath=', 'C:\\windows\\none.exe', 'start=', start]);
  onTestFinished(async () => void (await remove()));
}

function found({ findings }: DiagnosisReport, id: string, subject?: string) {
  return findings.filter((each) => each.id === id && (!subject || each.subject === subject));
}

test('the service control manager tells of services', async () => {
  const addon = loadWindowsAddon();
  await makeService('VscDemand', 'demand');
  await makeService('VscDisabled', 'disabled');
  expect(await addon.queryService('VscDemand').result).toEqual({ state: 1, startType: 3 });
  expect(await addon.queryService('VscDisabled').result).toEqual({ state: 1, startType: 4 });
  expect(await addon.queryService('VscNone').result).toBeNull();
  expect(() => addon.queryService('a\0b')).toThrow('name must be a string without NUL');
  expect(await addon.queryService('PlugPlay').result).toMatchObject({ state: 4 });
  expect(typeof addon.isElevated()).toBe('boolean');
});

test('services that are missing, stopped and disabled are told', async () => {
  await Lab.fresh();
  await makeService('SCardSvr', 'demand');
  await makeService('CertPropSvc', 'disabled');
  const report = await diagnose({ backend: 'windows' });
  expect(found(report, 'service', 'SCardSvr')).toMatchObject([{ severity: 'info' }]);
  expect(found(report, 'service', 'CertPropSvc')).toMatchObject([
    { severity: 'warning', remedy: expect.stringContaining('sc config CertPropSvc') },
  ]);
  expect(found(report, 'service', 'ScDeviceEnum')).toMatchObject([{ severity: 'warning' }]);
  expect(found(report, 'elevation')).toHaveLength(1);
  expect(found(report, 'session')).toHaveLength(1);
});

test('the TPM, the cards and a blocked PIN are told', async () => {
  await Lab.fresh();
  const manager = await openManager('');
  const options = cardOptions();
  const card = await manager.create({ ...options, generate: true });
  for (let i = 0; i < 5; i++) await card.verifyPin(otherPin(options.pin)).catch(() => undefined);
  const report = await diagnose({ backend: 'windows' });
  expect(found(report, 'tpm')).toMatchObject([{ severity: 'ok', subject: 'tbs' }]);
  expect(found(report, 'tpm-lockout')).toHaveLength(1);
  expect(found(report, 'tpm-ready')).toHaveLength(1);
  expect(found(report, 'card')).toMatchObject([{ subject: card.instanceId }]);
  expect(found(report, 'pin-blocked')).toMatchObject([{ severity: 'error' }]);
  expect(report).toMatchObject({ backend: 'windows', healthy: false });
});

test('a TPM that does not answer is told', async () => {
  const lab = await Lab.fresh();
  const plans = [{ result: 0x8028400f }];
  await lab.request('script', { component: 'tbs', call: 'Tbsi_GetDeviceInfo', plans });
  const report = await diagnose({ backend: 'windows' });
  expect(found(report, 'tpm')).toMatchObject([
    { severity: 'error', facts: { code: 'ERR_TPM_UNAVAILABLE' } },
  ]);
});

test('a certificate of a card that is gone is told, one of a card that is here is not', async () => {
  await Lab.fresh();
  await keyClient.clear();
  const manager = await openManager('');
  const options = cardOptions();
  const card = await manager.create({ ...options, generate: true });
  const inf = '[NewRequest]\nSubject = "CN=Jo"\nKeyLength = 2048\nRequestType = Cert\n';
  await card.enroll(inf, { pin: options.pin });
  expect(found(await diagnose({ backend: 'windows' }), 'user-store')).toMatchObject([
    { severity: 'ok', facts: { certificates: 1 } },
  ]);
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const certificate = unsignedCertificate(publicKey);
  const link = { provider: 'ksp', container: 'Gone', keySpec: 1 } as const;
  await loadWindowsAddon().addStoredCertificate({ certificate, ...link }).result;
  const report = await diagnose({ backend: 'windows' });
  expect(found(report, 'user-store')).toEqual([]);
  expect(found(report, 'certificate-of-no-card')).toMatchObject([
    {
      severity: 'warning',
      facts: { container: 'Gone' },
      remedy: expect.stringContaining('certutil -user -delstore My '),
    },
  ]);
  await keyClient.clear();
});
