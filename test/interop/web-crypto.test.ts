import { randomBytes } from 'node:crypto';
import * as pkijs from 'pkijs';
import { describe, expect, it } from 'vitest';
import { x509 } from '../../lib/enroll/x509.js';
import { CardCrypto, type CardKeyAlgorithm, type KeyAlgorithm } from '../../lib/index.js';
import { makeCard } from '../unit/face/card-fixture.js';
import { openssl } from '../unit/openssl.js';

const USES: [KeyAlgorithm, CardKeyAlgorithm, object, RegExp][] = [
  ['RSA-2048', { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, {}, /sha256WithRSAEncryption/],
  ['RSA-2048', { name: 'RSA-PSS', hash: 'SHA-384' }, { saltLength: 48 }, /rsassaPss[\s\S]*sha384/],
  ['EC-P256', { name: 'ECDSA' }, { hash: 'SHA-256' }, /ecdsa-with-SHA256/],
  ['EC-P384', { name: 'ECDSA' }, { hash: 'SHA-384' }, /ecdsa-with-SHA384/],
];

async function makeKeys(algorithm: KeyAlgorithm, use: CardKeyAlgorithm) {
  const { card, withPin } = await makeCard();
  const key = await card.createKey({ algorithm }, withPin);
  const crypto = CardCrypto.create(withPin);
  return { card, withPin, key, crypto, keys: await crypto.keyPair(key, use) };
}

/** A self-signed certificate by @peculiar/x509, with the card's signature. */
async function selfSigned(algorithm: KeyAlgorithm, use: CardKeyAlgorithm, params: object = {}) {
  const made = await makeKeys(algorithm, use);
  const { X509CertificateGenerator } = x509();
  const certificate = await X509CertificateGenerator.createSelfSigned(
    { name: 'CN=Card, O=Ours', keys: made.keys, signingAlgorithm: { ...use, ...params } },
    made.crypto,
  );
  return { ...made, certificate, pem: certificate.toString('pem') };
}

describe.each(USES)('%s for %o', (algorithm, use, params, shown) => {
  it('makes a certificate with @peculiar/x509', async () => {
    const { certificate, pem, card, withPin, key, crypto } = await selfSigned(
      algorithm,
      use,
      params,
    );
    expect(await certificate.verify({}, crypto)).toBe(true);
    const verdict = await openssl({ 'c.pem': pem }, 'verify', '-check_ss_sig', ...CA, 'c.pem');
    expect(verdict).toEqual({ ok: true, output: 'c.pem: OK\n' });
    const { output } = await openssl({ 'c.pem': pem }, 'x509', '-in', 'c.pem', '-noout', '-text');
    expect(output).toMatch(shown);
    const installed = await card.installCertificate(pem, withPin);
    expect(installed.container).toBe(key.container);
  });

  it('makes a request with @peculiar/x509', async () => {
    const { keys, crypto } = await makeKeys(algorithm, use);
    const { Pkcs10CertificateRequestGenerator } = x509();
    const request = await Pkcs10CertificateRequestGenerator.create(
      { name: 'CN=Card', keys, signingAlgorithm: { ...use, ...params } },
      crypto,
    );
    expect(await verifiedRequest(request.rawData)).toMatch(shown);
  });

  it('makes a request with pkijs', async () => {
    const { keys, crypto } = await makeKeys(algorithm, use);
    const engine = new pkijs.CryptoEngine({ name: 'card', crypto: crypto as never });
    const request = new pkijs.CertificationRequest();
    await request.subjectPublicKeyInfo.importKey(keys.publicKey as never, engine);
    const hash = 'hash' in params ? String(params.hash) : String(use.hash);
    await request.sign(keys.privateKey as never, hash, engine);
    expect(await request.verify(engine)).toBe(true);
    expect(await verifiedRequest(request.toSchema().toBER())).toMatch(shown);
  });

  it('signs a CMS message with pkijs', async () => {
    const { keys, crypto, pem } = await selfSigned(algorithm, use, params);
    const engine = new pkijs.CryptoEngine({ name: 'card', crypto: crypto as never });
    const certificate = pkijs.Certificate.fromBER(derOf(pem));
    const content = randomBytes(1000);
    const signedData = new pkijs.SignedData({
      encapContentInfo: new pkijs.EncapsulatedContentInfo({ eContentType: DATA }),
      signerInfos: [
        new pkijs.SignerInfo({
          version: 1,
          sid: new pkijs.IssuerAndSerialNumber({
            issuer: certificate.issuer,
            serialNumber: certificate.serialNumber,
          }),
        }),
      ],
      certificates: [certificate],
    });
    const hash = 'hash' in params ? String(params.hash) : String(use.hash);
    await signedData.sign(keys.privateKey as never, 0, hash, toArrayBuffer(content), engine);
    const message = new pkijs.ContentInfo({
      contentType: SIGNED_DATA,
      content: signedData.toSchema(true),
    });
    const files = { 'c.pem': pem, content, 'm.der': new Uint8Array(message.toSchema().toBER()) };
    const command = ['cms', '-verify', '-binary', '-inform', 'DER', '-in', 'm.der', ...CA];
    const verify = (name: string) => [
      ...command,
      '-purpose',
      'any',
      '-content',
      name,
      '-out',
      'out',
    ];
    expect((await openssl(files, ...verify('content'))).output).toContain('successful');
    const tampered = Buffer.from(content);
    tampered[500] = (tampered[500] ?? 0) ^ 1;
    expect((await openssl({ ...files, tampered }, ...verify('tampered'))).ok).toBe(false);
  });
});

it('decrypts with pkijs what openssl encrypted to the certificate', async () => {
  const { crypto, key, pem } = await selfSigned('RSA-2048', { name: 'RSASSA-PKCS1-v1_5' });
  const secret = randomBytes(2000);
  const oaep = ['-keyopt', 'rsa_padding_mode:oaep', '-keyopt', 'rsa_oaep_md:sha256'];
  const message = await opensslOutput(
    { 'c.pem': pem, secret },
    ...['cms', '-encrypt', '-binary', '-aes256', '-in', 'secret', '-outform', 'PEM'],
    ...['-recip', 'c.pem', ...oaep],
  );
  const enveloped = new pkijs.EnvelopedData({
    schema: pkijs.ContentInfo.fromBER(derOf(message)).content,
  });
  const engine = new pkijs.CryptoEngine({ name: 'card', crypto: crypto as never });
  const { privateKey } = await crypto.keyPair(key, { name: 'RSA-OAEP', hash: 'SHA-256' });
  const plaintext = await enveloped.decrypt(
    0,
    { recipientPrivateKey: privateKey as never },
    engine,
  );
  expect(Buffer.from(plaintext).equals(secret)).toBe(true);
});

const DATA = '1.2.840.113549.1.7.1';
const SIGNED_DATA = '1.2.840.113549.1.7.2';
const CA = ['-CAfile', 'c.pem'];

/** What openssl shows of a request, once it has found its signature good. */
async function verifiedRequest(request: ArrayBuffer): Promise<string> {
  const options = ['req', '-inform', 'DER', '-in', 'r.der', '-verify', '-noout', '-text'];
  const { output } = await openssl({ 'r.der': new Uint8Array(request) }, ...options);
  expect(output).toContain('verify OK');
  return output;
}

async function opensslOutput(files: Record<string, string | Uint8Array>, ...args: string[]) {
  const { ok, output } = await openssl(files, ...args);
  expect(ok, output).toBe(true);
  return output;
}

function derOf(text: string): ArrayBuffer {
  return toArrayBuffer(Buffer.from(text.replace(/-----[^-]+-----/g, ''), 'base64'));
}

function toArrayBuffer(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  return copy;
}
