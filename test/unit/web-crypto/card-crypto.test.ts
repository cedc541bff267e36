import { KeyObject, publicEncrypt, randomBytes, verify, webcrypto } from 'node:crypto';
import { expect, it } from 'vitest';
import { CardCrypto } from '../../../lib/index.js';
import { expectError } from '../../support/expect-error.js';
import { makeCard } from '../face/card-fixture.js';

async function makeKeys() {
  const fixture = await makeCard();
  const { card, withPin } = fixture;
  const rsa = await card.createKey({ algorithm: 'RSA-2048' }, withPin);
  const ec = await card.createKey({ algorithm: 'EC-P256' }, withPin);
  return { ...fixture, rsa, ec, crypto: CardCrypto.create(withPin) };
}

it.each([
  ['RSASSA-PKCS1-v1_5', 'SHA-1', {}],
  ['RSASSA-PKCS1-v1_5', 'SHA-512', {}],
  ['RSA-PSS', 'SHA-256', { saltLength: 32 }],
  ['RSA-PSS', 'SHA-384', { saltLength: 48 }],
] as const)('%s with %s signs as the runtime verifies', async (name, hash, params) => {
  const { crypto, rsa } = await makeKeys();
  const { privateKey, publicKey } = await crypto.keyPair(rsa, { name, hash: { name: hash } });
  expect(privateKey).toMatchObject({ type: 'private', extractable: false, usages: ['sign'] });
  expect(privateKey.algorithm).toEqual(publicKey.algorithm);
  expect(KeyObject.from(publicKey).equals(rsa.publicKey)).toBe(true);
  const data = randomBytes(500);
  const signature = await crypto.subtle.sign({ name, ...params }, privateKey, data);
  expect(signature).toBeInstanceOf(ArrayBuffer);
  const verified = (bytes: Uint8Array) =>
    webcrypto.subtle.verify({ name, ...params }, publicKey, signature, bytes);
  expect(await verified(data)).toBe(true);
  data[7] = (data[7] ?? 0) ^ 1;
  expect(await verified(data)).toBe(false);
});

it('ECDSA signs r and s, by the hash that the call names, over a part of a buffer', async () => {
  const { crypto, ec } = await makeKeys();
  const { privateKey, publicKey } = await crypto.keyPair(ec);
  expect(privateKey.algorithm).toEqual({ name: 'ECDSA', namedCurve: 'P-256' });
  const view = new DataView(randomBytes(300).buffer, 10, 20);
  for (const hash of ['SHA-256', 'SHA-384']) {
    const algorithm = { name: 'ecdsa', hash };
    const signature = await crypto.subtle.sign(algorithm, privateKey, view);
    expect(signature.byteLength).toBe(64);
    expect(await crypto.subtle.verify(algorithm, publicKey, signature, view)).toBe(true);
  }
});

it('decrypts and unwraps what was encrypted to the key', async () => {
  const { crypto, rsa } = await makeKeys();
  const { privateKey, publicKey } = await crypto.keyPair(rsa, { name: 'RSA-OAEP' });
  expect([privateKey.usages, publicKey.usages.sort()]).toEqual([
    ['decrypt', 'unwrapKey'],
    ['encrypt', 'wrapKey'],
  ]);
  const secret = randomBytes(32);
  const ciphertext = publicEncrypt({ key: rsa.publicKey, oaepHash: 'sha256' }, secret);
  const plaintext = await crypto.subtle.decrypt('RSA-OAEP', privateKey, ciphertext);
  expect(Buffer.from(plaintext).equals(secret)).toBe(true);

  const aes = await crypto.subtle.importKey('raw', secret, 'AES-GCM', true, ['encrypt']);
  for (const format of ['raw', 'jwk'] as const) {
    const wrapped = await crypto.subtle.wrapKey(format, aes, publicKey, 'RSA-OAEP');
    const unwrapped = await crypto.subtle.unwrapKey(
      format,
      wrapped,
      privateKey,
      'RSA-OAEP',
      'AES-GCM',
      true,
      ['encrypt'],
    );
    expect(Buffer.from(await crypto.subtle.exportKey('raw', unwrapped)).equals(secret)).toBe(true);
  }
  const notJson = publicEncrypt({ key: rsa.publicKey, oaepHash: 'sha256' }, secret);
  const error = await expectError(
    crypto.subtle.unwrapKey('jwk', notJson, privateKey, 'RSA-OAEP', 'AES-GCM', true, ['encrypt']),
    'ERR_DECRYPTION_FAILED',
  );
  expect(error.cause).toBeUndefined();
  await expectError(
    crypto.subtle.decrypt({ name: 'RSA-OAEP', label: Buffer.from('x') }, privateKey, ciphertext),
    'ERR_ALGORITHM_NOT_SUPPORTED',
  );
});

it('gives away the public half alone', async () => {
  const { crypto, rsa } = await makeKeys();
  const { privateKey, publicKey } = await crypto.keyPair(rsa);
  const spki = Buffer.from(await crypto.subtle.exportKey('spki', publicKey));
  expect(spki.equals(rsa.publicKey.export({ type: 'spki', format: 'der' }))).toBe(true);
  const { n, e } = rsa.publicKey.export({ format: 'jwk' });
  expect(await crypto.subtle.exportKey('jwk', publicKey)).toMatchObject({ kty: 'RSA', n, e });
  for (const format of ['pkcs8', 'jwk', 'spki'] as const) {
    await expectError(crypto.subtle.exportKey(format as 'jwk', privateKey), 'ERR_NOT_SUPPORTED');
  }
  const data = randomBytes(10);
  await expectError(
    crypto.subtle.verify('RSASSA-PKCS1-v1_5', privateKey, data, data),
    'ERR_NOT_SUPPORTED',
  );
  await expectError(
    crypto.subtle.wrapKey('pkcs8', privateKey, publicKey, 'RSA-OAEP'),
    'ERR_NOT_SUPPORTED',
  );
});

it('does everything else as the runtime does, with its keys', async () => {
  const crypto = CardCrypto.create();
  const data = randomBytes(100);
  const digest = await webcrypto.subtle.digest('SHA-256', data);
  expect(await crypto.subtle.digest('SHA-256', data)).toEqual(digest);
  const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const software = await crypto.subtle.generateKey(ecdsa, true, ['sign', 'verify']);
  const signature = await crypto.subtle.sign(ecdsa, software.privateKey, data);
  expect(await crypto.subtle.verify(ecdsa, software.publicKey, signature, data)).toBe(true);
  const oaep = { name: 'RSA-OAEP', hash: 'SHA-256', modulusLength: 2048 };
  const exponent = { publicExponent: Uint8Array.of(1, 0, 1) };
  const pair = await crypto.subtle.generateKey({ ...oaep, ...exponent }, false, [
    'encrypt',
    'decrypt',
    'wrapKey',
    'unwrapKey',
  ]);
  const ciphertext = await crypto.subtle.encrypt('RSA-OAEP', pair.publicKey, data);
  expect(
    Buffer.from(await crypto.subtle.decrypt('RSA-OAEP', pair.privateKey, ciphertext)).equals(data),
  ).toBe(true);
  const wrapped = await crypto.subtle.encrypt('RSA-OAEP', pair.publicKey, data.subarray(0, 32));
  const aes = await crypto.subtle.unwrapKey(
    'raw',
    wrapped,
    pair.privateKey,
    'RSA-OAEP',
    'AES-GCM',
    true,
    ['encrypt'],
  );
  expect(Buffer.from(await crypto.subtle.exportKey('raw', aes)).equals(data.subarray(0, 32))).toBe(
    true,
  );
  expect(crypto.getRandomValues(new Uint8Array(16))).not.toEqual(new Uint8Array(16));
  expect(crypto.randomUUID()).toMatch(/^[0-9a-f-]{36}$/);
});

it('refuses what the key is not bound to', async () => {
  const { crypto, rsa, ec } = await makeKeys();
  const pss = await crypto.keyPair(rsa, { name: 'RSA-PSS', hash: 'SHA-256' });
  const pkcs1 = await crypto.keyPair(rsa);
  const oaep = await crypto.keyPair(rsa, { name: 'RSA-OAEP' });
  const ecdsa = await crypto.keyPair(ec);
  const data = randomBytes(10);
  const sign = (algorithm: webcrypto.AlgorithmIdentifier, { privateKey = pss.privateKey }) =>
    crypto.subtle.sign(algorithm, privateKey, data);

  for (const saltLength of [0, 20, 222, '32', undefined]) {
    const asked = { name: 'RSA-PSS', saltLength } as webcrypto.RsaPssParams;
    await expectError(sign(asked, pss), 'ERR_ALGORITHM_NOT_SUPPORTED', {
      parameter: 'algorithm.saltLength',
      expected: '32',
    });
  }
  const name = { parameter: 'algorithm.name' };
  await expectError(sign('RSASSA-PKCS1-v1_5', pss), 'ERR_INVALID_ARGUMENT', name);
  await expectError(sign('constructor', pss), 'ERR_INVALID_ARGUMENT', name);
  await expectError(sign(undefined as never, pss), 'ERR_INVALID_ARGUMENT', name);
  const hash = { parameter: 'algorithm.hash' };
  const sha1 = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-1' };
  await expectError(sign(sha1, pkcs1), 'ERR_INVALID_ARGUMENT', hash);
  await expectError(sign('ECDSA', ecdsa), 'ERR_INVALID_ARGUMENT', hash);
  const md5 = { name: 'ECDSA', hash: 'MD5' };
  await expectError(sign(md5, ecdsa), 'ERR_INVALID_ARGUMENT', hash);
  await expectError(sign('RSA-OAEP', oaep), 'ERR_INVALID_ARGUMENT', { parameter: 'key' });
  await expectError(
    crypto.subtle.decrypt('RSA-PSS', pss.privateKey, data),
    'ERR_INVALID_ARGUMENT',
    { parameter: 'key' },
  );
  await expectError(
    crypto.subtle.sign('RSASSA-PKCS1-v1_5', pkcs1.privateKey, 'text' as never),
    'ERR_INVALID_ARGUMENT',
    { parameter: 'data' },
  );
});

it('binds a key only to what it can do', async () => {
  const { crypto, card, withPin, rsa, ec } = await makeKeys();
  await expectError(crypto.keyPair(rsa, { name: 'ECDSA' }), 'ERR_ALGORITHM_NOT_SUPPORTED');
  await expectError(crypto.keyPair(ec, { name: 'RSA-PSS' }), 'ERR_ALGORITHM_NOT_SUPPORTED');
  const short = await card.createKey({ algorithm: 'RSA-1024' }, withPin);
  for (const name of ['RSA-PSS', 'RSA-OAEP'] as const) {
    await expectError(
      crypto.keyPair(short, { name, hash: 'SHA-512' }),
      'ERR_ALGORITHM_NOT_SUPPORTED',
    );
  }
  const wrong: unknown[] = [
    [rsa, { name: 'RSA' }],
    [rsa, { name: 'RSA-PSS', hash: 'SHA-224' }],
    [rsa, { name: 'RSA-PSS', saltLength: 32 }],
    [rsa, 'RSA-PSS'],
    [ec, { name: 'ECDSA', hash: 'SHA-256' }],
    [rsa.publicKey],
    [undefined],
  ];
  for (const args of wrong) {
    const [key, algorithm] = args as Parameters<CardCrypto['keyPair']>;
    await expectError(crypto.keyPair(key, algorithm), 'ERR_INVALID_ARGUMENT');
  }
});

it('has a PIN of its own until it is disposed of', async () => {
  const { card, rsa, pin, wrongPin } = await makeKeys();
  const given = Buffer.from(pin);
  const crypto = CardCrypto.create({ pin: given });
  given.fill(0x30);
  const { privateKey } = await crypto.keyPair(rsa);
  const sign = () => crypto.subtle.sign('RSASSA-PKCS1-v1_5', privateKey, randomBytes(9));
  await sign();
  const running = sign();
  crypto.dispose();
  crypto.dispose();
  expect((await running).byteLength).toBe(256);
  await expectError(sign(), 'ERR_CLOSED');
  await expectError(crypto.keyPair(rsa), 'ERR_CLOSED');

  const without = CardCrypto.create();
  const pair = await without.keyPair(rsa);
  const signWithout = () =>
    without.subtle.sign('RSASSA-PKCS1-v1_5', pair.privateKey, randomBytes(9));
  await expectError(signWithout(), 'ERR_PIN_REQUIRED');
  await card.verifyPin(pin);
  expect((await signWithout()).byteLength).toBe(256);
  await expectError(
    without.subtle.sign('RSASSA-PKCS1-v1_5', privateKey, randomBytes(9)),
    'ERR_INVALID_ARGUMENT',
    { parameter: 'key', actual: 'one of another' },
  );

  const wrong = CardCrypto.create({ pin: wrongPin });
  const wrongPair = await wrong.keyPair(rsa);
  await expectError(
    wrong.subtle.sign('RSASSA-PKCS1-v1_5', wrongPair.privateKey, randomBytes(9)),
    'ERR_PIN_INCORRECT',
    { triesLeft: 4 },
  );
  expect(() => CardCrypto.create({ pin: '1' })).toThrow(/pin/);
  expect(() => CardCrypto.create({ puk: '1' } as never)).toThrow(/puk/);
});

it('several keys sign side by side, each for itself', async () => {
  const { crypto, rsa, ec } = await makeKeys();
  const keys = [rsa, ec, rsa, ec, ec];
  const pairs = await Promise.all(keys.map((key) => crypto.keyPair(key)));
  const data = randomBytes(64);
  const signatures = await Promise.all(
    pairs.map(({ privateKey }) =>
      crypto.subtle.sign({ ...privateKey.algorithm, hash: 'SHA-256' }, privateKey, data),
    ),
  );
  const verified = signatures.map((signature, index) => {
    const key = keys[index]?.publicKey ?? rsa.publicKey;
    return verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, new Uint8Array(signature));
  });
  expect(verified).toEqual([true, true, true, true, true]);
});
