import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { RequestSpec, SelfSignedSpec } from '../../../lib/index.js';
import { OpensslCa } from '../../support/openssl-ca.js';
import { temporaryDirectory } from '../../support/store.js';
import { makeCard } from '../face/card-fixture.js';

const GUID = Buffer.from('00112233445566778899aabbccddeeff', 'hex');

/** All that a request can ask for. */
const EVERYTHING: RequestSpec = {
  subject: [
    { type: 'CN', value: 'Jo "the" Doe, PhD' },
    [
      { type: 'OU', value: 'A' },
      { type: '1.2.3.4', value: 'b' },
    ],
    { type: 'O', value: 'Doe + Söhne' },
    { type: 'C', value: 'DE' },
  ],
  subjectAlternativeNames: [
    { type: 'dns', value: '*.example.org' },
    { type: 'email', value: 'jo@example.org' },
    { type: 'uri', value: 'https://example.org/jo?a=1' },
    { type: 'upn', value: 'jö@example.org' },
    { type: 'ip', value: '192.0.2.1' },
    { type: 'ip', value: '2001:db8::1' },
    { type: 'directoryName', value: 'CN=Jo,O=Example' },
    { type: 'registeredId', value: '1.2.3.4' },
    { type: 'guid', value: GUID },
    { type: 'otherName', oid: '1.2.3.5', value: Buffer.from('0c026869', 'hex') },
  ],
  extendedKeyUsage: ['clientAuth', 'smartCardLogon', '1.2.3.6'],
  keyUsage: ['digitalSignature', 'keyEncipherment'],
  basicConstraints: { ca: false },
  smime: true,
  extensions: [{ oid: '1.2.3.7', critical: true, value: Buffer.from('0500', 'hex') }],
  certificateTemplate: 'SmartcardLogon',
  attributes: { Department: 'R & D' },
};

async function newCa() {
  return OpensslCa.make(await temporaryDirectory());
}

describe('a request', () => {
  test.each([
    ['RSA-2048', 'pkcs1', 'SHA256', 'sha256WithRSAEncryption'],
    ['RSA-2048', 'pss', 'SHA384', 'rsassaPss'],
    ['EC-P256', undefined, 'SHA256', 'ecdsa-with-SHA256'],
    ['EC-P384', undefined, 'SHA512', 'ecdsa-with-SHA512'],
  ] as const)(
    'of everything with %s %s %s is what openssl reads and a CA signs',
    async (algorithm, padding, hash, name) => {
      const { card, withPin } = await makeCard();
      const ca = await newCa();
      const request = await card.createRequest(
        { ...EVERYTHING, algorithm, padding, hash },
        withPin,
      );
      expect(request).toMatchObject({ requestType: 'PKCS10', renews: undefined });
      const issued = await ca.sign(request.pem);

      const text = await ca.openssl('req', '-in', 'request.pem', '-noout', '-text', '-verify');
      expect(text).toContain(`Signature Algorithm: ${name}`);
      expect(text).toMatch(/1\.3\.6\.1\.4\.1\.311\.13\.2\.1\s*:/);
      const utf8 = ['-nameopt', 'RFC2253,-esc_msb,utf8'];
      const certificate = await ca.openssl('x509', '-in', 'leaf.pem', '-noout', '-text', ...utf8);
      expect(certificate).toContain(
        'Subject: CN=Jo \\"the\\" Doe\\, PhD,OU=A+1.2.3.4=#0C0162,O=Doe \\+ Söhne,C=DE',
      );
      for (const expected of [
        'DNS:*.example.org',
        'email:jo@example.org',
        'URI:https://example.org/jo?a=1',
        'IP Address:192.0.2.1',
        'IP Address:2001:DB8:0:0:0:0:0:1',
        'DirName:/O=Example/CN=Jo',
        'Registered ID:1.2.3.4',
        'othername: UPN::jö@example.org',
        'TLS Web Client Authentication, Microsoft Smartcard Login, 1.2.3.6',
        'Digital Signature, Key Encipherment',
        'CA:FALSE',
        'S/MIME Capabilities',
        '1.2.3.7: critical',
      ]) {
        expect(certificate).toContain(expected);
      }

      // The other names' values as they were given.
      const raw = Buffer.from(issued.replace(/-.*-|\s/g, ''), 'base64');
      for (const value of [`a0120410${GUID.toString('hex')}`, 'a0040c026869']) {
        expect(raw.toString('hex')).toContain(value);
      }
      const template = Buffer.from('SmartcardLogon', 'utf16le').swap16().toString('hex');
      expect(raw.toString('hex')).toContain(`1e1c${template}`);

      const installed = await card.installCertificate(issued, withPin);
      expect(installed.container).toBe(request.container);
      const others = [await ca.read('ca.pem')];
      expect(await ca.verify(installed.pem, others, '-ignore_critical')).toBe('checked.pem: OK');
    },
  );

  test('names a template by its object identifier and version', async () => {
    const { card, withPin } = await makeCard();
    const ca = await newCa();
    const certificateTemplate = { oid: '1.3.6.1.4.1.311.21.8.1.2', major: 100, minor: 200 };
    const { pem } = await card.createRequest({ certificateTemplate }, withPin);
    await ca.write('request.pem', pem);
    const parsed = await ca.openssl('asn1parse', '-in', 'request.pem');
    expect(parsed).toMatch(/OBJECT\s+:1\.3\.6\.1\.4\.1\.311\.21\.7/);
    // SEQUENCE { OID, 100, 200 }.
    expect(parsed).toMatch(/\[HEX DUMP\]:30..06..2B06010401823715080102020164020200C8/);
  });

  test('without a subject has critical alternative names', async () => {
    const { card, withPin } = await makeCard();
    const ca = await newCa();
    const subjectAlternativeNames = [{ type: 'dns', value: 'a.example' }] as const;
    const request = await card.createRequest({ subjectAlternativeNames }, withPin);
    await ca.write('request.pem', request.pem);
    const text = await ca.openssl('req', '-in', 'request.pem', '-noout', '-text', '-verify');
    expect(text).toMatch(/Subject: \n/);
    expect(text).toMatch(/Subject Alternative Name: critical\s+DNS:a\.example/);
    expect(text).not.toContain('Basic Constraints');
    expect(text).toContain('Subject Key Identifier');
  });

  test('for a key that is there already does not touch it', async () => {
    const { card, withPin } = await makeCard();
    const key = await card.createKey({ container: 'mine', algorithm: 'EC-P256' }, withPin);
    const spec = { subject: 'CN=Jo', container: 'mine', useExistingKey: true };
    const request = await card.createRequest(spec, withPin);
    expect(request.key.publicKey.equals(key.publicKey)).toBe(true);
    expect(await card.containers()).toHaveLength(1);
  });
});

test('a self-signed certificate says what its specification says', async () => {
  const { card, withPin } = await makeCard();
  const ca = await newCa();
  const spec: SelfSignedSpec = {
    subject: { CN: 'Jo', OU: ['A', 'B'], C: 'DE' },
    algorithm: 'RSA-2048',
    padding: 'pss',
    basicConstraints: { ca: true, pathLength: 2 },
    serialNumber: Buffer.from('00ab', 'hex'),
    validity: {
      notBefore: new Date('2030-01-31T00:00:00Z'),
      period: { count: 1, unit: 'months' },
    },
    suppressDefaults: true,
  };
  const certificate = await card.enroll(spec, withPin);
  await ca.write('leaf.pem', certificate.pem);
  const text = await ca.openssl('x509', '-in', 'leaf.pem', '-noout', '-text');
  expect(text).toContain('Subject: C = DE, OU = B, OU = A, CN = Jo');
  expect(text).toContain('Serial Number: 171 (0xab)');
  expect(text).toContain('Not After : Feb 28 00:00:00 2030 GMT');
  expect(text).toMatch(/Basic Constraints: critical\s+CA:TRUE, pathlen:2/);
  expect(text).toContain('Hash Algorithm: sha256');
  expect(text).not.toContain('Subject Key Identifier');
  expect(certificate.x509.verify(certificate.x509.publicKey)).toBe(true);
});

test('a CMC request is a full PKI request that openssl verifies', async () => {
  const { card, withPin } = await makeCard();
  const ca = await newCa();
  for (const part of [
    { algorithm: 'RSA-2048', padding: 'pkcs1' },
    { algorithm: 'RSA-2048', padding: 'pss' },
    { algorithm: 'EC-P384' },
  ] as const) {
    const request = await card.createRequest(
      { subject: 'CN=Jo', requestType: 'CMC', ...part },
      withPin,
    );
    await ca.write('request.cmc', request.pem);
    // Nobody has certified the key yet: a certificate with its key identifier lets openssl find it.
    const same = { subject: 'CN=Jo', container: request.container, useExistingKey: true };
    await ca.sign((await card.createRequest(same, withPin)).pem);
    const verify = ['cms', '-verify', '-noverify', '-inform', 'PEM', '-in', 'request.cmc'];
    const by = ['-certfile', 'leaf.pem', '-binary', '-out', 'content.der'];
    await ca.openssl(...verify, ...by);
    const parsed = await ca.openssl('asn1parse', '-in', 'request.cmc');
    expect(parsed).toContain('id-cct-PKIData');
    // PKIData: no controls, and one PKCS #10 request with body part 1, whose signature is good.
    const pkiData = await ca.openssl('asn1parse', '-inform', 'DER', '-in', 'content.der');
    const tagged = /cons: cont \[ 0 \]\s+\d+:d=3 .* INTEGER +:01\s+(\d+):d=3 /.exec(pkiData);
    const words = ['-inform', 'DER', '-in', 'content.der', '-noout', '-out', 'inner.der'];
    await ca.openssl('asn1parse', ...words, '-strparse', tagged?.[1] ?? 'none');
    await ca.openssl('req', '-inform', 'DER', '-in', 'inner.der', '-noout', '-verify');
  }
});

test('what a specification has wrong is named, and no key is made', async () => {
  const { card, withPin } = await makeCard();
  const wrong = <T>(value: unknown) => value as T;
  const cases: [parameter: string, spec: RequestSpec][] = [
    ['request', wrong({ subjekt: 'CN=Jo' })],
    ['subject', { subject: 'Jo' }],
    ['subject', { subject: [] }],
    ['subject', { subject: wrong([{ type: 'CN' }]) }],
    ['subject', { subject: { XY: 'a' } }],
    ['subject', { subject: { C: 'Germany' } }],
    ['subjectAlternativeNames', { subjectAlternativeNames: wrong('a.example') }],
    ['subjectAlternativeNames', { subjectAlternativeNames: wrong([{ type: 'fax', value: '1' }]) }],
    ['subjectAlternativeNames', { subjectAlternativeNames: [{ type: 'dns', value: 'a b' }] }],
    ['subjectAlternativeNames', { subjectAlternativeNames: [{ type: 'ip', value: '1.2.3' }] }],
    ['subjectAlternativeNames', { subjectAlternativeNames: [{ type: 'email', value: 'ö@x' }] }],
    [
      'subjectAlternativeNames',
      { subjectAlternativeNames: [{ type: 'guid', value: new Uint8Array(15) }] },
    ],
    [
      'subjectAlternativeNames',
      { subjectAlternativeNames: [{ type: 'directoryName', value: 'x' }] },
    ],
    ['extendedKeyUsage', { extendedKeyUsage: ['clientauth'] }],
    ['extendedKeyUsage', { extendedKeyUsage: ['toString'] }],
    ['extendedKeyUsage', { extendedKeyUsage: ['3.1'] }],
    ['keyUsage', { keyUsage: wrong(['sign']) }],
    ['basicConstraints.pathLength', { basicConstraints: { ca: false, pathLength: 1 } }],
    ['extensions', { extensions: [{ oid: '1.2.3', critical: false, value: Buffer.of(1) }] }],
    [
      'extensions',
      {
        keyUsage: ['cRLSign'],
        extensions: [{ oid: '2.5.29.15', critical: false, value: Buffer.of(5, 0) }],
      },
    ],
    ['certificateTemplate', { certificateTemplate: '' }],
    ['certificateTemplate.oid', { certificateTemplate: { oid: 'User' } }],
    ['certificateTemplate.major', { certificateTemplate: { oid: '1.2.3', minor: 1 } }],
    ['attributes', { attributes: { certificateTemplate: 'User' } }],
    ['attributes.A', { attributes: { A: '' } }],
    ['algorithm', { algorithm: wrong('RSA') }],
    ['padding', { algorithm: 'EC-P256', padding: 'pss' }],
    ['hash', { hash: wrong('MD5') }],
    ['container', { container: 'a\\b' }],
    ['container', { useExistingKey: true }],
    ['algorithm', { useExistingKey: true, container: 'a', algorithm: 'EC-P256' }],
    ['requestType', { requestType: wrong('PKCS7') }],
    ['request', wrong({ validity: {} })],
  ];
  for (const [parameter, spec] of cases) {
    const error: unknown = await card.createRequest(spec, withPin).catch((reason) => reason);
    expect(error, JSON.stringify(spec)).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', parameter });
  }
  const selfSigned: [parameter: string, spec: SelfSignedSpec][] = [
    ['validity', { validity: { notAfter: new Date(), period: { count: 1, unit: 'days' } } }],
    ['validity', { validity: { notAfter: new Date('2001-01-01') } }],
    ['validity.notBefore', { validity: { notBefore: new Date(Number.NaN) } }],
    ['validity.period.count', { validity: { period: { count: 0, unit: 'days' } } }],
    ['validity.period.unit', { validity: { period: { count: 1, unit: wrong('day') } } }],
    ['serialNumber', { serialNumber: new Uint8Array(21).fill(1) }],
    ['serialNumber', { serialNumber: Buffer.of(0x80) }],
    ['friendlyName', { friendlyName: '\n' }],
  ];
  for (const [parameter, spec] of selfSigned) {
    const error: unknown = await card
      .enroll({ subject: 'CN=Jo', ...spec }, withPin)
      .catch((reason) => reason);
    expect(error, parameter).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', parameter });
  }
  expect(await card.containers()).toEqual([]);
});

test('the key identifier is the SHA-1 of the public key', async () => {
  const { card, withPin } = await makeCard();
  const { x509, key } = await card.enroll({ subject: 'CN=Jo', algorithm: 'EC-P256' }, withPin);
  const point = key.publicKey.export({ type: 'spki', format: 'der' }).subarray(-65);
  const identifier = createHash('sha1').update(point).digest('hex');
  expect(x509.raw.toString('hex')).toContain(`0414${identifier}`);
});
