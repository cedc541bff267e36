import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { Findings } from '../../lib/diagnose/findings.js';
import { checkWindowsCards } from '../../lib/diagnose/windows.js';
import { FakeAddon, FakeCall, nativeError } from '../unit/windows/support/fake-addon.js';
import { unsignedCertificate } from '../windows-lab/support/unsigned-certificate.js';

const DEMAND = 3;
const DISABLED = 4;
const stopped = { state: 1, startType: DEMAND };
const terms = { now: Date.now(), expiresWithinDays: 30 };

async function findingsOf(addon: FakeAddon): Promise<Findings> {
  const findings = new Findings();
  await checkWindowsCards(terms, findings, addon);
  return findings;
}

function told({ list }: Findings, id: string): string[] {
  return list
    .filter((each) => each.id === id)
    .map(({ severity, subject }) => `${severity} ${subject}`);
}

test('a service that runs, one that waits for a reader, one that is disabled', async () => {
  const addon = new FakeAddon();
  addon.services = {
    SCardSvr: { state: 4, startType: DEMAND },
    ScDeviceEnum: stopped,
    CertPropSvc: { state: 1, startType: DISABLED },
  };
  expect(told(await findingsOf(addon), 'service')).toEqual([
    'ok SCardSvr',
    'info ScDeviceEnum',
    'warning CertPropSvc',
  ]);
});

test('without the smart card service nothing works; one that cannot be asked is told', async () => {
  const addon = new FakeAddon();
  addon.services = { SCardSvr: { state: 1, startType: DISABLED }, CertPropSvc: stopped };
  const query = addon.queryService.bind(addon);
  addon.queryService = (name) =>
    name === 'ScDeviceEnum'
      ? FakeCall.rejected(nativeError('HRESULT', { hresult: 0x80070005 }))
      : query(name);
  expect(told(await findingsOf(addon), 'service')).toEqual([
    'error SCardSvr',
    'warning ScDeviceEnum',
    'info CertPropSvc',
  ]);
});

test('rights and the kind of session are told', async () => {
  const addon = new FakeAddon();
  const well = await findingsOf(addon);
  expect([...told(well, 'elevation'), ...told(well, 'session')]).toEqual([
    'ok undefined',
    'ok undefined',
  ]);
  addon.elevated = false;
  addon.remoteSession = true;
  const less = await findingsOf(addon);
  expect([...told(less, 'elevation'), ...told(less, 'session')]).toEqual([
    'info undefined',
    'warning undefined',
  ]);
});

test('a certificate without its card is told only when all cards have told what they hold', async () => {
  const addon = new FakeAddon();
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certificate = unsignedCertificate(publicKey);
  addon.listStoredCertificates = () =>
    FakeCall.resolved([
      { certificate: Buffer.from(certificate), provider: 'ksp', container: 'Gone', keySpec: 1 },
    ]);
  const findings = await findingsOf(addon);
  expect(told(findings, 'certificate-of-no-card')).toHaveLength(1);
  const { remedy } = findings.list.find(({ id }) => id === 'certificate-of-no-card') ?? {};
  expect(remedy).toMatch(/certutil -user -delstore My [0-9a-f]{40}/);
  addon.add('Silent');
  expect(told(await findingsOf(addon), 'certificate-of-no-card')).toEqual([]);
});
