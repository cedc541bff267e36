import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { asn1, der } from '../../../lib/enroll/asn1.js';
import { type EnrollmentRequest, formatInf, parseInf } from '../../../lib/index.js';
import { makeCard } from '../face/card-fixture.js';
import { openssl } from '../openssl.js';

const CORPUS = new URL('inf-files/', import.meta.url);

/** What the corpus asks a card for that holds nothing yet. */
const FILES = readdirSync(CORPUS)
  .filter((name) => name.endsWith('.inf'))
  .map((name) => {
    const inf = readFileSync(new URL(name, CORPUS));
    const request = parseInf(inf);
    if (request.keyAlgorithm !== 'RSA-3072') return { name, inf, request };
    // The cards of these tests have no keys of that length.
    const shorter = { ...request, keyAlgorithm: 'RSA-2048' as const };
    return { name, inf: formatInf(shorter), request: shorter };
  })
  .filter(({ request }) => !request.useExistingKey && request.renewalCertificate === undefined);

const of = (type: EnrollmentRequest['requestType']) =>
  FILES.filter(({ request }) => request.requestType === type).map(
    ({ name, inf, request }) => [name, inf, request] as const,
  );

const PRINTED = {
  keyUsage: 'X509v3 Key Usage: critical',
  subjectAlternativeNames: 'X509v3 Subject Alternative Name:',
  extendedKeyUsage: 'X509v3 Extended Key Usage:',
} as const;

/** Each extension that the INF asks for is there, the INF's own DER unchanged. */
function expectExtensions(made: Buffer, printed: string, request: EnrollmentRequest): void {
  const { Extension, OctetString } = asn1();
  for (const { oid, critical, value } of request.extensions) {
    const extnValue = new OctetString(value);
    const extension = der(new Extension({ extnID: oid, critical, extnValue }));
    expect(made.includes(extension), oid).toBe(true);
  }
  for (const field of ['keyUsage', 'subjectAlternativeNames', 'extendedKeyUsage'] as const) {
    if (request[field].length > 0) expect(printed).toContain(PRINTED[field]);
  }
  if (request.basicConstraints) expect(printed).toContain('X509v3 Basic Constraints:');
  if (request.critical.includes('2.5.29.37')) {
    expect(printed).toContain(`${PRINTED.extendedKeyUsage} critical`);
  }
}

describe('a certificate of each file that asks for one', () => {
  test.each(of('Cert'))('%s', async (_name, inf, request) => {
    const { card, withPin } = await makeCard();
    const { pem, der: made } = await card.enroll(inf, withPin);
    const { output } = await openssl({ pem }, 'x509', '-in', 'pem', '-noout', '-text');
    expectExtensions(made, output, request);
    expect(output).toContain('Version: 3');
    if (request.serialNumber) {
      expect(output.replaceAll(/[\s:]/g, '')).toContain('(0x8f0102)');
    }
  });
});

describe('a request of each file that asks for one', () => {
  test.each(of('PKCS10'))('%s', async (_name, inf, request) => {
    const { card, withPin } = await makeCard();
    const { pem, der: made } = await card.createRequest(inf, withPin);
    const { output } = await openssl({ pem }, 'req', '-in', 'pem', '-noout', '-verify', '-text');
    expect(output).toContain('verify OK');
    expectExtensions(made, output, request);
  });
});

describe('a full CMC request of each file that asks for one', () => {
  test.each(of('CMC'))('%s', async (_name, inf) => {
    const { card, withPin } = await makeCard();
    const { der: made } = await card.createRequest(inf, withPin);
    const { ok, output } = await openssl({ made }, 'asn1parse', '-inform', 'DER', '-in', 'made');
    expect(ok, output).toBe(true);
    expect(output).toContain(':pkcs7-signedData');
  });
});
