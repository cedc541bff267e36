import { generateKeyPairSync, randomBytes, verify } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { KeyProvider } from '../../../lib/native-windows.js';
import { until } from '../manager/support/backend.js';
import { rsaKeyOfLegacyBlob } from '../support/legacy-blob.js';
import { unsignedCertificate } from '../support/unsigned-certificate.js';
import { keyClient } from './support/key-client.js';
import { addon, KeyLab, PIN } from './support/key-lab.js';

const KSP = 'Microsoft Smart Card Key Storage Provider';
const CSP = 'Microsoft Base Smart Card Crypto Provider';
const RSA = { algorithm: 'RSA', bits: 2048 } as const;

const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const certificateOf = (serialNumber?: Buffer) => unsignedCertificate(publicKey, serialNumber);

/** As the doubles' CSP and KSP have the container `Key`. */
const cspLink = { provider: 'csp', container: 'Key', keySpec: 1 } as const;
const kspLink = { provider: 'ksp', container: 'Key', keySpec: 1 } as const;

test.each<[KeyProvider, 1 | 2, object]>([
  ['csp', 1, { provider: CSP, type: 1, keySpec: 1 }],
  ['csp', 2, { provider: CSP, type: 1, keySpec: 2 }],
  ['ksp', 1, { provider: KSP, type: 0, keySpec: 0 }],
])('a certificate goes in with its link: %s, key spec %i', async (provider, keySpec, link) => {
  await keyClient.clear();
  const certificate = certificateOf();
  const added = { certificate, provider, container: 'Schlüssel 1', keySpec };
  expect(await addon.addStoredCertificate(added).result).toBe(true);
  expect(await keyClient.list()).toEqual([
    {
      certificate,
      link: { container: 'Schlüssel 1', flags: 0, parameters: 0, ...link },
      friendlyName: null,
    },
  ]);
  expect(await addon.listStoredCertificates().result).toEqual([
    { ...added, keySpec: provider === 'ksp' ? 0 : keySpec },
  ]);
});

test("a certificate goes in with its user's name for it, and keeps that without another", async () => {
  await keyClient.clear();
  const certificate = certificateOf();
  const friendlyName = async () => (await keyClient.list()).map((each) => each.friendlyName);
  const add = (name?: string) =>
    addon.addStoredCertificate({ certificate, ...cspLink, friendlyName: name }).result;
  expect(await add('Jos Schlüssel 🔑')).toBe(true);
  expect(await friendlyName()).toEqual(['Jos Schlüssel 🔑']);
  expect(await add()).toBe(false);
  expect(await friendlyName()).toEqual(['Jos Schlüssel 🔑']);
  expect(await add('Another')).toBe(false);
  expect(await friendlyName()).toEqual(['Another']);
  expect(() => add('with\0NUL')).toThrow('friendlyName must be a string without NUL');
});

test('many at once lose nothing of one another', async () => {
  await keyClient.clear();
  const certificates = Array.from({ length: 12 }, () => certificateOf());
  const added = certificates.map(
    (certificate) => addon.addStoredCertificate({ certificate, ...cspLink }).result,
  );
  await Promise.all(added);
  const removed = certificates
    .slice(0, 6)
    .map((certificate) => addon.removeStoredCertificate({ certificate, container: 'Key' }).result);
  expect(await Promise.all(removed)).toEqual(Array(6).fill(true));
  const left = (await keyClient.list()).map(({ certificate }) => certificate.toString('hex'));
  expect(left.sort()).toEqual(
    certificates
      .slice(6)
      .map((each) => each.toString('hex'))
      .sort(),
  );
});

test('a certificate that is there keeps what else it has, and gets the link', async () => {
  await keyClient.clear();
  const certificate = certificateOf();
  await keyClient.add(certificate, { friendlyName: 'Mine' });
  expect(await addon.addStoredCertificate({ certificate, ...kspLink }).result).toBe(false);
  expect(await addon.addStoredCertificate({ certificate, ...cspLink }).result).toBe(false);
  expect(await keyClient.list()).toEqual([
    {
      certificate,
      link: { container: 'Key', provider: CSP, type: 1, flags: 0, keySpec: 1, parameters: 0 },
      friendlyName: 'Mine',
    },
  ]);
});

test('two certificates of one issuer and one serial number are two', async () => {
  await keyClient.clear();
  const serial = randomBytes(8);
  const [first, second] = [certificateOf(serial), certificateOf(serial)] as const;
  const other = { ...cspLink, container: 'Other' };
  expect(await addon.addStoredCertificate({ certificate: first, ...cspLink }).result).toBe(true);
  expect(await addon.addStoredCertificate({ certificate: second, ...other }).result).toBe(true);
  expect(await addon.listStoredCertificates().result).toHaveLength(2);
  const removed = { certificate: first, container: 'Key' };
  expect(await addon.removeStoredCertificate(removed).result).toBe(true);
  expect((await keyClient.list()).map(({ certificate }) => certificate)).toEqual([second]);
});

test('only what is linked to that container of a smart card provider is removed', async () => {
  await keyClient.clear();
  const [ours, unlinked, foreign] = [certificateOf(), certificateOf(), certificateOf()] as const;
  const software = { container: 'Key', provider: 'Microsoft Software Key Storage Provider' };
  await keyClient.add(unlinked);
  await keyClient.add(foreign, { link: { ...software, type: 0, keySpec: 0 } });
  await addon.addStoredCertificate({ certificate: ours, ...kspLink }).result;
  const remove = (certificate: Buffer, container = 'Key') =>
    addon.removeStoredCertificate({ certificate, container }).result;
  expect(await remove(unlinked)).toBe(false);
  expect(await remove(foreign)).toBe(false);
  expect(await remove(ours, 'key')).toBe(false);
  expect(await remove(certificateOf())).toBe(false);
  expect(await keyClient.list()).toHaveLength(3);
  expect(await addon.listStoredCertificates().result).toMatchObject([{ certificate: ours }]);
  expect(await remove(ours)).toBe(true);
  expect(await remove(ours)).toBe(false);
  expect((await keyClient.list()).map(({ certificate }) => certificate)).not.toContainEqual(ours);
  expect(await keyClient.list()).toHaveLength(2);
});

test('a link that others wrote, with a reader and in small letters, is known', async () => {
  await keyClient.clear();
  const certificate = certificateOf();
  const container = '\\\\.\\Microsoft Virtual Smart Card 9\\Key';
  await keyClient.add(certificate, {
    link: { container, provider: CSP.toLowerCase(), type: 1, keySpec: 2 },
  });
  expect(await addon.listStoredCertificates().result).toEqual([
    { certificate, provider: 'csp', container: 'Key', keySpec: 2 },
  ]);
  const removed = { certificate, container: 'Key' };
  expect(await addon.removeStoredCertificate(removed).result).toBe(true);
  expect(await keyClient.list()).toEqual([]);
});

test('what is no certificate is refused, and the store left as it is', async () => {
  await keyClient.clear();
  const certificate = Buffer.from([0x30, 0x82, 0x00, 0x01, 0x00]);
  await expect(
    addon.addStoredCertificate({ certificate, ...cspLink }).result,
  ).rejects.toMatchObject({
    code: 'HRESULT',
    message: expect.stringMatching(/^Could not read the certificate: /),
  });
  expect(await keyClient.list()).toEqual([]);
  const good = { certificate: certificateOf(), ...cspLink };
  const refused = (changes: object) =>
    expect(() => addon.addStoredCertificate({ ...good, ...changes })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  refused({ certificate: 'text' });
  refused({ certificate: Buffer.alloc(0) });
  refused({ provider: 'tpm' });
  refused({ container: '' });
  refused({ container: '\\\\.\\reader\\Key' });
  refused({ keySpec: 0 });
  expect(() => addon.removeStoredCertificate({ ...good, container: '' })).toThrow(
    'container must be',
  );
  expect(await keyClient.list()).toEqual([]);
});

/** Adds a certificate and abandons the call; one whose result was there before is made again. */
async function addAbandoned(certificate: Buffer): Promise<void> {
  for (let attempt = 1; attempt <= 20; attempt += 1) {
    const call = addon.addStoredCertificate({ certificate, ...cspLink });
    call.abandon();
    const outcome = await call.result.catch((error: { code: string }) => error.code);
    if (outcome === 'ABANDONED') return;
    expect(outcome).toBeTypeOf('boolean');
    if (outcome === true) {
      await addon.removeStoredCertificate({ certificate, container: cspLink.container }).result;
    }
  }
  throw new Error('No call was abandoned in time');
}

test('a certificate that nobody waits for any more goes out again', async () => {
  await keyClient.clear();
  const kept = certificateOf();
  await addon.addStoredCertificate({ certificate: kept, ...kspLink }).result;
  for (const certificate of [certificateOf(), kept]) await addAbandoned(certificate);
  const isSo = async () => {
    const list = await addon.listStoredCertificates().result;
    return list.length === 1 && list[0]?.provider === 'csp';
  };
  // It may be so before the other call has begun.
  const isDone = async () => (await isSo()) && delay(500, true).then(isSo);
  await until(isDone, 'the store has the certificate that was there before, with its new link');
  expect((await keyClient.list()).map(({ certificate }) => certificate)).toEqual([kept]);
});

test('no provider and no card is asked, so that none that is gone is missed', async () => {
  await keyClient.clear();
  const lab = await KeyLab.fresh('csp');
  const certificate = certificateOf();
  await addon.addStoredCertificate({ certificate, ...cspLink }).result;
  await addon.listStoredCertificates().result;
  expect(await addon.removeStoredCertificate({ certificate, container: 'Key' }).result).toBe(true);
  for (const component of ['csp', 'ncrypt', 'winscard']) {
    expect(await lab.lab.recorded(component)).toEqual([]);
  }
});

test.each<KeyProvider>(['csp', 'ksp'])(
  'a program that knows the certificate only signs with the key: %s',
  async (provider) => {
    await keyClient.clear();
    const lab = await KeyLab.fresh('csp', 2);
    // On the second card: the certificate leads there by the container's name alone.
    const key = { ...lab.key('Signing key', 1), provider };
    await addon.createKey({ ...key, ...RSA, keySpec: 1 }, PIN).result;
    const blob = await addon.readPublicKey({ ...key, provider: 'csp' }).result;
    const publicKey = rsaKeyOfLegacyBlob(blob);
    const certificate = unsignedCertificate(publicKey);
    const { container } = key;
    await addon.addStoredCertificate({ certificate, provider, container, keySpec: 1 }).result;
    const data = randomBytes(1000);
    const component = provider === 'csp' ? 'csp' : 'ncrypt';
    const before = (await lab.lab.recorded(component)).length;
    expect(verify('sha256', data, publicKey, await keyClient.sign(certificate, data))).toBe(true);
    const call = provider === 'csp' ? 'CPSignHash' : 'NCryptSignHash';
    const calls = (await lab.lab.recorded(component)).slice(before);
    expect(calls.filter((made) => made.call === call)).toHaveLength(1);
  },
);
