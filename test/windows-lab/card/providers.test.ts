import { constants, publicEncrypt, randomBytes, verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { WindowsBackendOptions } from '../../../lib/backend/windows/windows-backend.js';
import { AdminKey, type VirtualSmartCard, VirtualSmartCardManager } from '../../../lib/index.js';
import { expectError } from '../../support/expect-error.js';
import { otherPin } from '../../support/store.js';
import { keyClient } from '../keys/support/key-client.js';
import { openBackend } from '../manager/support/backend.js';
import { Lab } from '../support/lab.js';
import { unsignedCertificate } from '../support/unsigned-certificate.js';

const CSP = 'Microsoft Base Smart Card Crypto Provider';
const KSP = 'Microsoft Smart Card Key Storage Provider';
const CSP_INF = await readFile(new URL('../../../examples/request.inf', import.meta.url), 'utf8');
const KSP_INF = `[NewRequest]
Subject = "CN=Jo"
KeyAlgorithm = ECDSA_P256
ProviderName = "${KSP}"
RequestType = Cert
KeyContainer = "Jo's key"
`;
const NO_MORE_ITEMS = 0x8009002a;
/** The key client's own. */
const PIN = Buffer.from('12345678');
const pin = PIN;

/** A machine without cards and with an empty store, and a manager of it. */
async function newMachine(options: WindowsBackendOptions = {}) {
  const lab = await Lab.fresh();
  await keyClient.clear();
  const manager = VirtualSmartCardManager.over(await openBackend(options));
  onTestFinished(() => manager.close());
  return { lab, manager };
}

function newCard(manager: VirtualSmartCardManager, name = 'Card'): Promise<VirtualSmartCard> {
  return manager.create({ name, pin: PIN, adminKey: AdminKey.random() });
}

function script(lab: Lab, call: string, ...plans: (object | null)[]): Promise<unknown> {
  return lab.request('script', { component: 'ncrypt', call, plans });
}

async function namesOf(lab: Lab, component: string): Promise<string[]> {
  return (await lab.recorded(component)).map(({ call }) => call);
}

test("an INF of certreq's for the CSP gets its key from it, and a link that programs follow", async () => {
  const { lab, manager } = await newMachine();
  const card = await newCard(manager);
  const certificate = await card.enroll(CSP_INF, { pin });
  expect(await namesOf(lab, 'csp')).toContain('CPGenKey');
  expect(await namesOf(lab, 'ncrypt')).not.toContain('NCryptCreatePersistedKey');
  expect(certificate.key).toMatchObject({ algorithm: 'RSA-2048', keySpec: 'keyExchange' });
  const link = { provider: CSP, type: 1, keySpec: 1, container: certificate.container };
  expect(await keyClient.list()).toMatchObject([{ certificate: certificate.der, link }]);
  const data = randomBytes(500);
  const byOthers = await keyClient.sign(certificate.der, data);
  expect(verify('sha256', data, certificate.x509.publicKey, byOthers)).toBe(true);
  const byUs = await certificate.key.sign('RSA-SHA256', data, { pin });
  expect(verify('sha256', data, certificate.x509.publicKey, byUs)).toBe(true);
  await manager.destroy(card.instanceId);
  expect(await keyClient.list()).toEqual([]);
});

test('an INF for the KSP gets its key from it; what is deleted leaves the store', async () => {
  const { lab, manager } = await newMachine();
  const card = await newCard(manager);
  const certificate = await card.enroll(KSP_INF, { pin });
  expect(await namesOf(lab, 'ncrypt')).toContain('NCryptFinalizeKey');
  expect(await namesOf(lab, 'csp')).not.toContain('CPGenKey');
  const link = { provider: KSP, type: 0, container: "Jo's key" };
  expect(await keyClient.list()).toMatchObject([{ certificate: certificate.der, link }]);
  const data = randomBytes(500);
  const signature = await certificate.key.sign('ECDSA-SHA256', data, { pin });
  expect(verify('sha256', data, certificate.x509.publicKey, signature)).toBe(true);
  expect((await card.certificates()).map(({ der }) => der)).toEqual([certificate.der]);
  await certificate.key.delete({ pin });
  expect(await keyClient.list()).toEqual([]);
  expect(await card.containers()).toEqual([]);
});

test('a key whose maker is not known any more is linked as before, else by the CSP', async () => {
  const { manager } = await newMachine();
  const card = await newCard(manager);
  const request = CSP_INF.replace('= CERT', '= PKCS10');
  const { key } = await card.createRequest(request, { pin });
  const links = async () =>
    (await keyClient.list()).map(({ certificate, link }) => [certificate, link?.provider]);
  const fromCa = () => unsignedCertificate(key.publicKey);
  /** Another program, or this one after a restart. */
  const install = async (certificate: Buffer) => {
    const other = VirtualSmartCardManager.over(await openBackend());
    const { instanceId } = card;
    await (await other.card(instanceId)).installCertificate(certificate, { pin });
    await other.close();
  };
  const [first, second, third] = [fromCa(), fromCa(), fromCa()] as const;
  await install(first);
  expect(await links()).toEqual([[first, CSP]]);
  const data = randomBytes(500);
  const byOthers = await keyClient.sign(first, data);
  expect(verify('sha256', data, key.publicKey, byOthers)).toBe(true);
  await install(second);
  expect(await links()).toEqual([[second, CSP]]);
  await keyClient.clear();
  const container = key.container;
  await keyClient.add(second, { link: { container, provider: KSP, type: 0, keySpec: 0 } });
  await install(third);
  expect(await links()).toEqual([[third, KSP]]);
});

test("an INF's name for the certificate is what the user's store shows", async () => {
  const { manager } = await newMachine();
  const card = await newCard(manager);
  await card.enroll(`${KSP_INF}FriendlyName = "Jo's own"\n`, { pin });
  expect(await keyClient.list()).toMatchObject([{ friendlyName: "Jo's own" }]);
});

test('the store is left alone when the manager is told so', async () => {
  const { manager } = await newMachine({ certificateStore: 'none' });
  const card = await newCard(manager);
  const certificate = await card.enroll(CSP_INF, { pin });
  expect(await keyClient.list()).toEqual([]);
  await keyClient.add(certificate.der);
  await manager.destroy(card.instanceId);
  expect(await keyClient.list()).toHaveLength(1);
});

test('the store is as it was when the card refuses a certificate', async () => {
  const { manager } = await newMachine({ certificateStore: 'none' });
  const card = await newCard(manager);
  const { der } = await card.enroll(KSP_INF, { pin });
  const other = VirtualSmartCardManager.over(await openBackend());
  onTestFinished(() => other.close());
  const seen = await other.card(card.instanceId);
  await expectError(seen.installCertificate(der, { pin: otherPin(PIN) }), 'ERR_PIN_INCORRECT');
  expect(await keyClient.list()).toEqual([]);
  await seen.installCertificate(der, { pin });
  expect(await keyClient.list()).toHaveLength(1);
});

test('a log-in is a PIN that is held: it serves calls, and the wrong one is counted', async () => {
  const { manager } = await newMachine();
  const card = await newCard(manager);
  const key = await card.createKey({ algorithm: 'EC-P256' }, { pin });
  await expectError(key.sign('ECDSA-SHA256', 'data'), 'ERR_PIN_REQUIRED');
  await card.verifyPin(PIN);
  const signature = await key.sign('ECDSA-SHA256', 'data');
  expect(verify('sha256', Buffer.from('data'), key.publicKey, signature)).toBe(true);
  await card.logout();
  await expectError(key.sign('ECDSA-SHA256', 'data'), 'ERR_PIN_REQUIRED');
  const wrong = { pin: otherPin(PIN) };
  for (let left = 4; left >= 1; left--) {
    const error = await expectError(key.sign('ECDSA-SHA256', 'data', wrong), 'ERR_PIN_INCORRECT');
    expect(error.triesLeft).toBe(left);
  }
  await key.sign('ECDSA-SHA256', 'data', { pin });
  expect(await card.pinTries()).toEqual({ left: 5, max: 5 });
});

test('keys that only CryptoAPI lists are found and used through it', async () => {
  const { lab, manager } = await newMachine();
  const card = await newCard(manager);
  const made = await card.enroll(CSP_INF, { pin });
  await card.close();
  const again = await manager.card(card.instanceId);
  const plans = [{ result: NO_MORE_ITEMS }];
  await lab.request('script', { component: 'ncrypt', call: 'NCryptEnumKeys', plans, repeat: true });
  const before = (await namesOf(lab, 'ncrypt')).length;
  const key = await again.key();
  expect(key.container).toBe(made.container);
  const signature = await key.sign('RSA-SHA256', 'data', { pin });
  expect(verify('sha256', Buffer.from('data'), key.publicKey, signature)).toBe(true);
  const ciphertext = publicEncrypt(
    { key: key.publicKey, padding: constants.RSA_PKCS1_PADDING },
    Buffer.from('secret'),
  );
  expect((await key.decrypt('RSA-PKCS1', ciphertext, { pin })).toString()).toBe('secret');
  await expectError(key.sign('RSA-PSS-SHA256', 'data', { pin }), 'ERR_ALGORITHM_NOT_SUPPORTED');
  const since = (await namesOf(lab, 'ncrypt')).slice(before);
  expect(since.filter((call) => /Sign|Decrypt|OpenKey/.test(call))).toEqual([]);
  await key.delete({ pin });
  expect(await again.containers()).toEqual([]);
  expect(await keyClient.list()).toEqual([]);
});

test('a provider that hangs is given up, and the next call works', async () => {
  const { lab, manager } = await newMachine({ limits: { key: 20_000 } });
  const card = await newCard(manager);
  await card.createKey({ container: 'Key', algorithm: 'EC-P256' }, { pin });
  await card.close();
  const impatient = VirtualSmartCardManager.over(await openBackend({ limits: { key: 3000 } }));
  onTestFinished(() => impatient.close());
  const key = await (await impatient.card(card.instanceId)).key('Key');
  // With a handle to open, since a hang in the use of the key holds the card's turn of PINs.
  await script(lab, 'NCryptExportKey', { hang: true });
  await expectError((await impatient.card(card.instanceId)).key('Key'), 'ERR_TIMEOUT');
  const signature = await key.sign('ECDSA-SHA256', 'data', { pin });
  expect(verify('sha256', Buffer.from('data'), key.publicKey, signature)).toBe(true);
});

test('an abort while a key is made leaves none', async () => {
  const { lab, manager } = await newMachine();
  const card = await newCard(manager);
  await script(lab, 'NCryptFinalizeKey', { delayMs: 1500 });
  const abort = new AbortController();
  const making = card.createKey({ container: 'Key' }, { pin, signal: abort.signal });
  setTimeout(() => abort.abort('enough'), 500);
  expect((await expectError(making, 'ERR_ABORTED')).cause).toBe('enough');
  expect(await card.containers()).toEqual([]);
  await card.createKey({ container: 'Key', algorithm: 'EC-P256' }, { pin });
});

test('two cards with containers of one name keep to themselves', async () => {
  const { manager } = await newMachine();
  const cards = [await newCard(manager, 'One'), await newCard(manager, 'Two')] as const;
  const certificates = [];
  for (const card of cards) certificates.push(await card.enroll(KSP_INF, { pin }));
  for (const { key } of certificates) {
    const signature = await key.sign('ECDSA-SHA256', 'data', { pin });
    expect(verify('sha256', Buffer.from('data'), key.publicKey, signature)).toBe(true);
  }
  await manager.destroy(cards[0].instanceId);
  const left = await keyClient.list();
  expect(left.map(({ certificate }) => certificate)).toEqual([certificates[1]?.der]);
});
