import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import {
  calculateJwkThumbprint,
  compactVerify,
  EmbeddedJWK,
  flattenedVerify,
  importX509,
  jwtVerify,
  SignJWT,
} from 'jose';
import { describe, expect, it } from 'vitest';
import {
  CardCrypto,
  type JwsAlgorithm,
  type KeyAlgorithm,
  signJws,
  type VirtualSmartCardKey,
} from '../../../lib/index.js';
import { expectError } from '../../support/expect-error.js';
import { makeCard } from '../face/card-fixture.js';

const ALGORITHMS: [KeyAlgorithm, JwsAlgorithm[]][] = [
  ['RSA-2048', ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']],
  ['EC-P256', ['ES256']],
  ['EC-P384', ['ES384']],
];
const PAYLOAD = 'Grüße, and bytes of no text: \u0000';

async function makeKey(algorithm: KeyAlgorithm = 'EC-P256') {
  const fixture = await makeCard();
  return { ...fixture, key: await fixture.card.createKey({ algorithm }, fixture.withPin) };
}

/** A certificate that the card made itself, and its key. */
async function makeCertificate() {
  const fixture = await makeCard();
  const inf = '[NewRequest]\nSubject = "CN=Alice"\nRequestType = Cert\n';
  return { ...fixture, certificate: await fixture.card.enroll(inf, fixture.withPin) };
}

describe.each(ALGORITHMS)('a key %s', (keyAlgorithm, algorithms) => {
  it.each(algorithms)('signs %s as jose verifies', async (algorithm) => {
    const { key, withPin } = await makeKey(keyAlgorithm);
    const jws = await signJws(key, PAYLOAD, { algorithm, header: { cty: 'text' }, ...withPin });
    const verified = await compactVerify(jws, key.publicKey, { algorithms: [algorithm] });
    expect(new TextDecoder().decode(verified.payload)).toBe(PAYLOAD);
    expect(verified.protectedHeader).toEqual({ alg: algorithm, cty: 'text' });
    await expect(compactVerify(tampered(jws), key.publicKey)).rejects.toThrow(
      /verification failed/,
    );
  });

  it('has an algorithm that is taken where none is named, and refuses all others', async () => {
    const { key, withPin } = await makeKey(keyAlgorithm);
    const jws = await signJws(key, PAYLOAD, withPin);
    const { protectedHeader } = await compactVerify(jws, key.publicKey);
    expect(protectedHeader.alg).toBe(algorithms[0]);
    const others = ALGORITHMS.flatMap(([, each]) => each).filter(
      (each) => !algorithms.includes(each),
    );
    for (const algorithm of others) {
      await expectError(
        signJws(key, PAYLOAD, { algorithm, ...withPin }),
        'ERR_ALGORITHM_NOT_SUPPORTED',
        { parameter: 'algorithm', actual: algorithm },
      );
    }
  });
});

it('is a JWT when the payload is claims, with the key in the header', async () => {
  const { key, withPin } = await makeKey();
  const claims = { iss: 'us', sub: 'alice', exp: Math.floor(Date.now() / 1000) + 60 };
  const include = ['jwk', 'kid'] as const;
  const options = { header: { typ: 'JWT' }, include, ...withPin };
  const jwt = await signJws(key, JSON.stringify(claims), options);
  const { payload, protectedHeader } = await jwtVerify(jwt, EmbeddedJWK, { issuer: 'us' });
  expect(payload).toEqual(claims);
  const jwk = key.publicKey.export({ format: 'jwk' });
  expect(protectedHeader).toEqual({
    alg: 'ES256',
    typ: 'JWT',
    jwk,
    kid: await calculateJwkThumbprint(jwk as never),
  });
});

it('has the certificate and its chain in the header', async () => {
  const { certificate, withPin } = await makeCertificate();
  const other = (await makeCertificate()).certificate;
  const thumbprint = createHash('sha256').update(certificate.der).digest('base64url');
  for (const signer of [certificate, certificate.key]) {
    const include = ['x5c', 'x5t#S256', 'kid'] as const;
    const certificates = [other.pem, other.der];
    const jws = await signJws(signer, PAYLOAD, { include, certificates, ...withPin });
    const { protectedHeader } = await compactVerify(jws, ({ x5c }) =>
      importX509(new X509Certificate(Buffer.from(x5c?.[0] ?? '', 'base64')).toString(), 'RS256'),
    );
    expect(protectedHeader).toEqual({
      alg: 'RS256',
      x5c: [certificate, other, other].map(({ der }) => der.toString('base64')),
      'x5t#S256': thumbprint,
      kid: await calculateJwkThumbprint(certificate.key.publicKey),
    });
  }
});

it('leaves a detached payload out', async () => {
  const { key, withPin } = await makeKey();
  const payload = randomBytes(300);
  const jws = await signJws(key, payload, { detached: true, ...withPin });
  const [header = '', between, signature = ''] = jws.split('.');
  expect(between).toBe('');
  const parts = { protected: header, signature, payload: payload.toString('base64url') };
  expect(Buffer.from((await flattenedVerify(parts, key.publicKey)).payload)).toEqual(payload);
  const wrong = { ...parts, payload: randomBytes(300).toString('base64url') };
  await expect(flattenedVerify(wrong, key.publicKey)).rejects.toThrow(/verification failed/);
});

it('signs a payload as it is, detached or between the dots', async () => {
  const { key, withPin } = await makeKey();
  const payload = randomBytes(300);
  const jws = await signJws(key, payload, { detached: true, unencoded: true, ...withPin });
  const [header = '', between, signature = ''] = jws.split('.');
  expect(between).toBe('');
  const verified = await flattenedVerify({ protected: header, signature, payload }, key.publicKey);
  expect(verified.protectedHeader).toEqual({ alg: 'ES256', b64: false, crit: ['b64'] });
  const wrong = { protected: header, signature, payload: randomBytes(300) };
  await expect(flattenedVerify(wrong, key.publicKey)).rejects.toThrow(/verification failed/);

  const inside = await signJws(key, '$ 1,00 for {you}', { unencoded: true, ...withPin });
  const [head = '', text = '', end = ''] = inside.split('.');
  expect(text).toBe('$ 1,00 for {you}');
  const parts = { protected: head, signature: end, payload: text };
  expect((await flattenedVerify(parts, key.publicKey)).protectedHeader?.['b64']).toBe(false);
  for (const bad of ['a.b', 'line\n', 'ü', '\x7f']) {
    await expectError(signJws(key, bad, { unencoded: true, ...withPin }), 'ERR_INVALID_ARGUMENT', {
      parameter: 'payload',
    });
  }
});

it("keeps the caller's critical extensions", async () => {
  const { key, withPin } = await makeKey();
  const header = { 'http://example.org/iat': 1, crit: ['http://example.org/iat'] };
  const options = { header, detached: true, unencoded: true, ...withPin };
  const jws = await signJws(key, 'text', options);
  const [head = '', , signature = ''] = jws.split('.');
  const parts = { protected: head, signature, payload: 'text' };
  const crit = { 'http://example.org/iat': true };
  const { protectedHeader } = await flattenedVerify(parts, key.publicKey, { crit });
  expect(protectedHeader?.crit).toEqual(['b64', 'http://example.org/iat']);
  await expect(flattenedVerify(parts, key.publicKey)).rejects.toThrow(/crit|recognized/i);
});

it('refuses what is wrong before the card is asked', async () => {
  const { backend, key, withPin } = await makeKey();
  const { certificate } = await makeCertificate();
  const loop: Record<string, unknown> = {};
  loop['self'] = loop;
  const wrong: [string, unknown, unknown, object][] = [
    ['signer', {}, 'x', {}],
    ['signer', key.publicKey, 'x', {}],
    ['payload', key, { sub: 'x' }, {}],
    ['algorithm', key, 'x', { algorithm: 'none' }],
    ['algorithm', key, 'x', { algorithm: 'constructor' }],
    ['algorithm', key, 'x', { algorithm: 'HS256' }],
    ['header', key, 'x', { header: 'JWT' }],
    ['header', key, 'x', { header: { alg: 'ES384' } }],
    ['header', key, 'x', { header: { b64: false } }],
    ['header', key, 'x', { header: { kid: '1' }, include: ['kid'] }],
    ['header', key, 'x', { header: loop }],
    ['header', key, 'x', { header: { n: 1n } }],
    ['header.crit', key, 'x', { header: { crit: [] } }],
    ['header.crit', key, 'x', { header: { crit: ['exp'] } }],
    ['header.crit', key, 'x', { header: { typ: 'JWT', crit: ['typ'] } }],
    ['header.crit', key, 'x', { header: { a: 1, crit: ['a', 'a'] } }],
    ['include', key, 'x', { include: 'x5c' }],
    ['include', key, 'x', { include: ['x5u'] }],
    ['certificates', key, 'x', { certificates: 'pem' }],
    ['certificates[1]', key, 'x', { certificates: [certificate.pem, 'pem'] }],
    ['detached', key, 'x', { detached: 1 }],
    ['unencoded', key, 'x', { unencoded: 'yes' }],
    ['options', key, 'x', { kid: '1' }],
    ['pin', key, 'x', { pin: '1' }],
  ];
  const before = backend.apdus.length;
  for (const [parameter, signer, payload, options] of wrong) {
    await expectError(
      signJws(signer as VirtualSmartCardKey, payload as string, { ...withPin, ...options }),
      'ERR_INVALID_ARGUMENT',
      { parameter },
    );
  }
  expect(backend.apdus.length).toBe(before);
  await expectError(signJws(key, 'x', { include: ['x5c'] }), 'ERR_CERTIFICATE_NOT_FOUND');
  await expectError(signJws(key, 'x'), 'ERR_PIN_REQUIRED');
});

it('refuses an RSA key that no reader of a JWS takes', async () => {
  const { key, withPin } = await makeKey('RSA-1024');
  await expectError(signJws(key, 'x', withPin), 'ERR_ALGORITHM_NOT_SUPPORTED');
});

it("jose's own signers refuse a key of CardCrypto, which is none of the runtime's", async () => {
  const { key, withPin } = await makeKey();
  const { privateKey } = await CardCrypto.create(withPin).keyPair(key);
  const jwt = new SignJWT({}).setProtectedHeader({ alg: 'ES256' });
  await expect(jwt.sign(privateKey as never)).rejects.toThrow(TypeError);
});

/** The same JWS with another payload. */
function tampered(jws: string): string {
  const [header, payload = '', signature] = jws.split('.');
  return [header, payload.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')), signature].join(
    '.',
  );
}
