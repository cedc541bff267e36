import { createHash, X509Certificate } from 'node:crypto';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { CardConnection } from '../../../lib/backend/backend.js';
import { readCertificates } from '../../../lib/certificate-input.js';
import { GidsCardConnection } from '../../../lib/gids/card-connection.js';
import { type RequestSpec, VirtualSmartCardError } from '../../../lib/index.js';
import { storeWithChain } from '../../../lib/install-certificate.js';
import { expectError } from '../../support/expect-error.js';
import { OpensslCa } from '../../support/openssl-ca.js';
import { temporaryDirectory } from '../../support/store.js';
import { makeCard } from '../face/card-fixture.js';

const SPEC: RequestSpec = {
  subject: 'CN=Jo Doe,O=Example',
  subjectAlternativeNames: [{ type: 'upn', value: 'jo@example.org' }],
  extendedKeyUsage: ['clientAuth'],
  keyUsage: ['digitalSignature'],
  container: 'first',
  algorithm: 'EC-P256',
};

/** A card with a certificate of a CA. */
async function issued() {
  const fixture = await makeCard();
  const ca = await OpensslCa.make(await temporaryDirectory());
  const request = await fixture.card.createRequest(SPEC, fixture.withPin);
  const { card, withPin } = fixture;
  const certificate = await card.installCertificate(await ca.sign(request.pem), withPin);
  return { ...fixture, ca, certificate };
}

describe('a renewal', () => {
  test('with a new key keeps the old certificate until the new one is installed; twice', async () => {
    const { card, withPin, ca, certificate } = await issued();
    let old = certificate;
    for (const container of ['second', 'third']) {
      const request = await card.renew(old, { container }, withPin);
      expect(request).toMatchObject({ requestType: 'PKCS10', container, renews: old.container });
      expect((await card.certificates()).map((each) => each.pem)).toEqual([old.pem]);
      const answer = await ca.sign(request.pem);
      const options = { ...withPin, replaces: request.renews };
      const renewed = await card.installCertificate(answer, options);
      expect(renewed.x509.subject).toBe(certificate.x509.subject);
      expect(renewed.x509.subjectAltName).toBe(certificate.x509.subjectAltName);
      expect(renewed.x509.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
      expect(renewed.key.publicKey.equals(old.key.publicKey)).toBe(false);
      expect(await card.containers()).toMatchObject([
        { name: container, isDefault: true, hasCertificate: true, algorithm: 'EC-P256' },
      ]);
      expect(await ca.verify(renewed.pem, [await ca.read('ca.pem')])).toBe('checked.pem: OK');
      old = renewed;
    }
  });

  test('with the same key replaces the certificate in its container', async () => {
    const { card, withPin, ca, certificate } = await issued();
    const request = await card.renew('first', { newKey: false }, withPin);
    expect(request).toMatchObject({ container: 'first', renews: undefined });
    const renewed = await card.installCertificate(await ca.sign(request.pem, 60), withPin);
    expect(renewed.x509.serialNumber).not.toBe(certificate.x509.serialNumber);
    expect((await card.certificates()).map(({ pem }) => pem)).toEqual([renewed.pem]);
  });

  test.each(['CMC', 'PKCS7'] as const)('as %s is signed by the old key', async (requestType) => {
    const { card, withPin, ca, certificate } = await issued();
    const request = await card.renew(certificate, { requestType, algorithm: 'RSA-2048' }, withPin);
    await ca.write('renewal.p7', request.der);
    await ca.write('chain.pem', (await ca.read('ca.pem')) + (await ca.read('root.pem')));
    const verify = ['cms', '-verify', '-inform', 'DER', '-in', 'renewal.p7', '-binary'];
    const trust = ['-CAfile', 'chain.pem', '-purpose', 'any', '-signer', 'signer.pem'];
    await ca.openssl(...verify, ...trust, '-out', 'content.der');
    expect(await ca.read('signer.pem')).toBe(certificate.pem);
    const parsed = await ca.openssl('asn1parse', '-inform', 'DER', '-in', 'renewal.p7');
    expect(parsed.includes('id-cct-PKIData')).toBe(requestType === 'CMC');
    if (requestType === 'PKCS7') {
      // The content is the request itself, with the old certificate as an attribute.
      const req = ['req', '-inform', 'DER', '-in', 'content.der', '-verify'];
      await ca.openssl(...req, '-out', 'inner.pem');
      const inner = await ca.openssl('asn1parse', '-in', 'inner.pem');
      expect(inner).toMatch(/OBJECT\s+:1\.3\.6\.1\.4\.1\.311\.13\.1\n/);
      const answer = await ca.sign(await ca.read('inner.pem'));
      const renewed = await card.installCertificate(answer, withPin);
      expect(renewed.container).toBe(request.container);
      expect(await card.certificates()).toHaveLength(2);
    }
  });

  test('of an INF names the certificate by its thumbprint', async () => {
    const { card, withPin, ca, certificate } = await issued();
    const digest = createHash('sha1').update(certificate.der).digest('hex');
    const inf = (old: string, ...lines: string[]) =>
      ['[NewRequest]', `RenewalCert = ${old}`, ...lines].join('\n');
    const same = ['RequestType = CMC', 'UseExistingKeySet = TRUE'];
    const request = await card.createRequest(inf(digest, ...same), withPin);
    expect(request).toMatchObject({ container: 'first', renews: undefined, requestType: 'CMC' });
    await ca.write('renewal.p7', request.der);
    const verify = ['cms', '-verify', '-noverify', '-inform', 'DER', '-in', 'renewal.p7'];
    await ca.openssl(...verify, '-binary', '-signer', 'signer.pem', '-out', 'content.der');
    expect(await ca.read('signer.pem')).toBe(certificate.pem);

    const another = ['RequestType = PKCS7', 'KeyAlgorithm = ECDSA_P384', 'KeyContainer = new'];
    const second = await card.createRequest(inf(digest, ...another), withPin);
    expect(second).toMatchObject({ container: 'new', renews: 'first', requestType: 'PKCS7' });
    await ca.write('renewal.p7', second.der);
    await ca.openssl(...verify, '-binary', '-out', 'content.der');
    const req = ['req', '-inform', 'DER', '-in', 'content.der', '-noout', '-text', '-verify'];
    const text = await ca.openssl(...req, '-nameopt', 'RFC2253');
    expect(text).toContain('Subject: CN=Jo Doe,O=Example');
    expect(text).toContain('UPN::jo@example.org');

    const unknown = inf('00'.repeat(20), ...same);
    await expectError(card.createRequest(unknown, withPin), 'ERR_CERTIFICATE_NOT_FOUND');
    expect(await card.containers()).toHaveLength(2);
  });

  test('needs a certificate, and leaves no key behind when it fails', async () => {
    const { card, withPin, wrongPin, certificate } = await issued();
    await card.createKey({ container: 'empty', algorithm: 'EC-P256' }, withPin);
    await expectError(card.renew('empty', {}, withPin), 'ERR_CERTIFICATE_NOT_FOUND');
    await expectError(card.renew('none', {}, withPin), 'ERR_CONTAINER_NOT_FOUND');
    await expectError(card.renew(certificate, {}, { pin: wrongPin }), 'ERR_PIN_INCORRECT');
    const controller = new AbortController();
    controller.abort();
    const signal = controller.signal;
    await expectError(card.renew(certificate, {}, { ...withPin, signal }), 'ERR_ABORTED');
    expect((await card.containers()).map(({ name }) => name)).toEqual(['first', 'empty']);
  });

  test('says that the new certificate is stored when the old key cannot be deleted', async () => {
    const { card, withPin, ca } = await issued();
    const request = await card.renew('first', { container: 'second' }, withPin);
    const answer = await ca.sign(request.pem);
    const deleting = vi.spyOn(GidsCardConnection.prototype, 'deleteContainer');
    onTestFinished(() => deleting.mockRestore());
    deleting.mockRejectedValueOnce(new VirtualSmartCardError('ERR_STATE_IO', 'The disk is full.'));
    const options = { ...withPin, replaces: request.renews };
    const error = await expectError(card.installCertificate(answer, options), 'ERR_STATE_IO');
    expect(error.message).toMatch(/stored in container "second".*"first".*disk is full/);
    expect((await card.certificates()).map(({ container }) => container)).toEqual([
      'first',
      'second',
    ]);
  });

  test('does not delete the key that the certificate belongs to', async () => {
    const { card, withPin, ca } = await issued();
    const request = await card.renew('first', { newKey: false }, withPin);
    const answer = await ca.sign(request.pem);
    const options = { ...withPin, replaces: 'first' };
    const error = await expectError(
      card.installCertificate(answer, options),
      'ERR_INVALID_ARGUMENT',
    );
    expect(error).toMatchObject({ parameter: 'replaces' });
    const gone = { ...withPin, replaces: 'gone' };
    await expectError(card.installCertificate(answer, gone), 'ERR_CONTAINER_NOT_FOUND');
    expect(await card.containers()).toHaveLength(1);
  });
});

describe('a chain', () => {
  test.each(['PEM', 'DER'] as const)('of a %s bundle is kept on the card', async (form) => {
    const { card, withPin, manager } = await makeCard();
    const ca = await OpensslCa.make(await temporaryDirectory(), 'EC');
    const request = await card.createRequest({ ...SPEC, container: 'one' }, withPin);
    const bundle = await ca.signAsBundle(request.pem, form);
    const certificate = await card.installCertificate(bundle, withPin);
    const expected = [await ca.read('ca.pem'), await ca.read('root.pem')].map(thumbprint);
    expect((await certificate.chain()).map(({ raw }) => thumbprint(raw))).toEqual(expected);

    // Another connection, another certificate of the same CA: nothing is kept twice.
    const again = await manager.card(card.instanceId);
    const other = await again.createRequest({ ...SPEC, container: 'two' }, withPin);
    const text = String(await ca.signAsBundle(other.pem, 'PEM'));
    const base64 = text.replace(/-----.*-----/g, '');
    await again.installCertificate(form === 'PEM' ? text : base64, withPin);
    for (const each of await again.certificates()) {
      const chain = await each.chain();
      expect(chain.map(({ raw }) => thumbprint(raw))).toEqual(expected);
      expect(await ca.verify(each.pem, chain.slice(0, 1).map(String))).toBe('checked.pem: OK');
    }
  });

  test('in PEM, in any order and with what does not belong to it', async () => {
    const { card, withPin } = await makeCard();
    const ca = await OpensslCa.make(await temporaryDirectory());
    const stranger = await OpensslCa.make(await temporaryDirectory());
    const request = await card.createRequest(SPEC, withPin);
    const parts = [
      await stranger.read('root.key'),
      await stranger.read('root.pem'),
      await ca.read('root.pem'),
      await ca.sign(request.pem),
      await ca.read('ca.pem'),
    ];
    const certificate = await card.installCertificate(parts.join('text between\n'), withPin);
    expect(await certificate.chain()).toHaveLength(2);
    const alone = await card.enroll({ subject: 'CN=alone', algorithm: 'EC-P256' }, withPin);
    expect(await alone.chain()).toEqual([]);
  });

  test('is taken away again when the certificate cannot be stored', async () => {
    const { card, withPin } = await makeCard();
    const ca = await OpensslCa.make(await temporaryDirectory());
    const request = await card.createRequest(SPEC, withPin);
    const bundle = await ca.signAsBundle(request.pem, 'PEM');
    const [certificate, ...chain] = await readCertificates(bundle);
    if (!certificate) throw new Error('the bundle is empty');
    let stored: Uint8Array | undefined;
    const connection: Partial<CardConnection> = {
      issuerBundle: async () => stored && Buffer.from(stored),
      storeIssuerBundle: async (changed) => {
        stored = changed.length === 0 ? undefined : changed;
      },
      storeCertificate: async () => {
        expect(stored).toBeDefined();
        throw new VirtualSmartCardError('ERR_STATE_IO', 'full');
      },
    };
    const storing = storeWithChain(
      connection as CardConnection,
      { certificate, key: request.key, chain },
      {},
    );
    await expectError(storing, 'ERR_STATE_IO');
    expect(stored).toBeUndefined();
  });
});

function thumbprint(certificate: string | Uint8Array): string {
  return createHash('sha256').update(new X509Certificate(certificate).raw).digest('hex');
}
