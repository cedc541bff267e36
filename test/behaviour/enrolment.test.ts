import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import type { RequestSpec } from '../../lib/index.js';
import { expectError } from '../support/expect-error.js';
import { cardOptions, openManager, otherPin, temporaryDirectory } from '../support/store.js';
import { TestCa } from '../support/test-ca.js';

/** A new card and its PIN. */
async function newCard() {
  const manager = await openManager(await temporaryDirectory());
  const options = cardOptions();
  const card = await manager.create(options);
  return { manager, card, pin: options.pin, ca: await TestCa.make() };
}

const SPEC: RequestSpec = {
  subject: { CN: 'Jo Doe', O: 'Example' },
  subjectAlternativeNames: [
    { type: 'upn', value: 'jo@example.org' },
    { type: 'dns', value: 'jo.example.org' },
  ],
  extendedKeyUsage: ['clientAuth', 'smartCardLogon'],
  keyUsage: ['digitalSignature'],
};

test.each([
  { algorithm: 'RSA-2048', padding: 'pkcs1', hash: 'SHA256' },
  { algorithm: 'RSA-2048', padding: 'pss', hash: 'SHA384' },
  { algorithm: 'EC-P256', hash: 'SHA256' },
  { algorithm: 'EC-P384', hash: 'SHA384' },
] as const)('a CA certifies a key of %o, and its chain stays with it', async (key) => {
  const { manager, card, pin, ca } = await newCard();
  const request = await card.createRequest({ ...SPEC, ...key, container: 'jo' }, { pin });
  const answer = `${await ca.sign(request.pem)}${ca.pem}`;
  const installed = await card.installCertificate(answer, { pin });
  expect(installed.x509.subjectAltName).toContain('DNS:jo.example.org');
  const issuer = new X509Certificate(ca.pem);

  await card.close();
  const again = await manager.card(card.instanceId);
  const [certificate, ...others] = await again.certificates();
  expect(others).toEqual([]);
  expect(certificate?.container).toBe('jo');
  const chain = (await certificate?.chain()) ?? [];
  expect(chain.map(({ raw }) => raw.equals(issuer.raw))).toEqual([true]);
  expect(certificate?.x509.verify(issuer.publicKey)).toBe(true);
});

test('a certificate is renewed with a new key, then with the same one', async () => {
  const { card, pin, ca } = await newCard();
  const spec = { ...SPEC, algorithm: 'EC-P256', container: 'first' } as const;
  const request = await card.createRequest(spec, { pin });
  const first = await card.installCertificate(await ca.sign(request.pem), { pin });

  const renewal = await card.renew(first, { container: 'second', requestType: 'CMC' }, { pin });
  expect(renewal).toMatchObject({ container: 'second', renews: 'first', requestType: 'CMC' });
  // The CA of this test reads no CMC: the same key asks once more.
  const plain = { ...SPEC, container: 'second', useExistingKey: true };
  const { pem } = await card.createRequest(plain, { pin });
  const options = { pin, replaces: renewal.renews };
  const second = await card.installCertificate(await ca.sign(pem), options);
  expect(await card.containers()).toMatchObject([{ name: 'second', isDefault: true }]);

  const again = await card.renew(second, { newKey: false }, { pin });
  const third = await card.installCertificate(await ca.sign(again.pem), { pin });
  expect(third.key.publicKey.equals(second.key.publicKey)).toBe(true);
  expect(third.x509.subjectAltName).toBe(first.x509.subjectAltName);
  expect((await card.certificates()).map((each) => each.pem)).toEqual([third.pem]);
});

test('several certificates have a place each, and one is the default', async () => {
  const { card, pin } = await newCard();
  for (const container of ['one', 'two', 'three']) {
    const spec = { subject: `CN=${container}`, algorithm: 'EC-P256', container } as const;
    await card.enroll(spec, { pin });
  }
  await card.setDefault('three', { pin });
  const found = (await card.containers()).map(({ name, isDefault }) => [name, isDefault]);
  expect(found.sort()).toEqual([
    ['one', false],
    ['three', true],
    ['two', false],
  ]);
  const subjects = (await card.certificates()).map(({ x509 }) => x509.subject).sort();
  expect(subjects).toEqual(['CN=one', 'CN=three', 'CN=two']);
});

test('what goes wrong leaves no key behind', async () => {
  const { card, pin } = await newCard();
  const wrong = { pin: otherPin(pin) };
  await expectError(card.createRequest(SPEC, wrong), 'ERR_PIN_INCORRECT');
  await expectError(card.createRequest({ subject: 'Jo' }, { pin }), 'ERR_INVALID_ARGUMENT');
  await expectError(card.renew('none', {}, { pin }), 'ERR_CONTAINER_NOT_FOUND');
  expect(await card.containers()).toEqual([]);
});
