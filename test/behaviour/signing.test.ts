import { createHash, createPublicKey, randomBytes, verify, webcrypto } from 'node:crypto';
import { expect, test } from 'vitest';
import { CardCrypto, signCms, signJws } from '../../lib/index.js';
import { expectError } from '../support/expect-error.js';
import { cardOptions, openManager, temporaryDirectory } from '../support/store.js';

/** A new card with a certificate for each kind of key. */
async function newCard() {
  const manager = await openManager(await temporaryDirectory());
  const options = cardOptions();
  const card = await manager.create(options);
  const { pin } = options;
  const inf = (rest: string) => `[NewRequest]\nSubject = "CN=Alice"\n${rest}RequestType = Cert\n`;
  const rsa = await card.enroll(inf('KeyLength = 2048\n'), { pin });
  const ec = await card.enroll(inf('KeyAlgorithm = ECDSA_P256\n'), { pin });
  return { card, pin, rsa, ec };
}

test('keys sign and decrypt by WebCrypto', async () => {
  const { card, pin, rsa, ec } = await newCard();
  const crypto = CardCrypto.create({ pin });
  const data = randomBytes(500);
  for (const [key, use, params] of [
    [rsa.key, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, {}],
    [rsa.key, { name: 'RSA-PSS', hash: 'SHA-384' }, { saltLength: 48 }],
    [ec.key, { name: 'ECDSA' }, { hash: 'SHA-256' }],
  ] as const) {
    const { privateKey, publicKey } = await crypto.keyPair(key, use);
    const algorithm = { name: use.name, ...params };
    const signature = await crypto.subtle.sign(algorithm, privateKey, data);
    expect(await webcrypto.subtle.verify(algorithm, publicKey, signature, data)).toBe(true);
  }
  const { privateKey, publicKey } = await crypto.keyPair(rsa.key, { name: 'RSA-OAEP' });
  const ciphertext = await crypto.subtle.encrypt('RSA-OAEP', publicKey, data.subarray(0, 32));
  const plaintext = await crypto.subtle.decrypt('RSA-OAEP', privateKey, ciphertext);
  expect(Buffer.from(plaintext).equals(data.subarray(0, 32))).toBe(true);
  crypto.dispose();
  await expectError(crypto.subtle.decrypt('RSA-OAEP', privateKey, ciphertext), 'ERR_CLOSED');
  await expectError(ec.key.sign('ECDSA-SHA256', data), 'ERR_PIN_REQUIRED');
  expect((await card.info()).pinTriesLeft).toBe(5);
});

test('keys sign JSON web signatures', async () => {
  const { pin, rsa, ec } = await newCard();
  for (const [signer, algorithm, hash] of [
    [rsa, 'RS256', 'sha256'],
    [ec.key, 'ES256', 'sha256'],
  ] as const) {
    const jws = await signJws(signer, 'text', { algorithm, include: ['jwk', 'x5c'], pin });
    const [header = '', payload = '', signature = ''] = jws.split('.');
    const { alg, jwk, x5c } = JSON.parse(Buffer.from(header, 'base64url').toString());
    expect([alg, Buffer.from(payload, 'base64url').toString()]).toEqual([algorithm, 'text']);
    const certificate = signer === rsa ? rsa : ec;
    expect(x5c).toEqual([certificate.der.toString('base64')]);
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    const verifier = { key, dsaEncoding: 'ieee-p1363' } as const;
    const signed = Buffer.from(`${header}.${payload}`);
    expect(verify(hash, signed, verifier, Buffer.from(signature, 'base64url'))).toBe(true);
  }
});

test('certificates sign messages', async () => {
  const { pin, rsa, ec } = await newCard();
  const content = randomBytes(1000);
  for (const [signer, padding] of [
    [rsa, 'pkcs1'],
    [rsa, 'pss'],
    [ec, undefined],
  ] as const) {
    const { der } = await signCms(signer, content, { padding, pin });
    const digest = createHash('sha256').update(content).digest();
    expect([der.includes(digest), der.includes(signer.der)]).toEqual([true, true]);
    expect(der.includes(content)).toBe(false);
  }
});
