import { constants, createHash, publicEncrypt, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  type KeyAlgorithm,
  SIGNATURE_ALGORITHM_NAMES,
  type SignatureAlgorithm,
} from '../../../lib/index.js';
import { expectError } from '../../support/expect-error.js';
import { openssl } from '../openssl.js';
import { makeCard } from './card-fixture.js';

/** Lets the openssl program judge a signature; gives its verdict for the data and for other data. */
async function opensslVerdicts(
  algorithm: SignatureAlgorithm,
  publicKey: string,
  data: Uint8Array,
  signature: Uint8Array,
): Promise<boolean[]> {
  const hash = algorithm.slice(algorithm.lastIndexOf('-') + 1).toLowerCase();
  const pss = ['rsa_padding_mode:pss', 'rsa_pss_saltlen:digest'].flatMap((o) => ['-sigopt', o]);
  const files = { 'key.pem': publicKey, signature, data, other: Buffer.from('other data') };
  const args = ['dgst', `-${hash}`, '-verify', 'key.pem', '-signature', 'signature'];
  if (algorithm.startsWith('RSA-PSS')) args.push(...pss);
  const verdicts = await Promise.all([
    openssl(files, ...args, 'data'),
    openssl(files, ...args, 'other'),
  ]);
  return verdicts.map(({ ok }) => ok);
}

describe.each<{ key: KeyAlgorithm; family: RegExp }>([
  { key: 'RSA-2048', family: /^RSA-/ },
  { key: 'EC-P256', family: /^ECDSA-/ },
  { key: 'EC-P384', family: /^ECDSA-/ },
])('a key of $key', ({ key: algorithm, family }) => {
  test('signs by each of its algorithms as the openssl program verifies', async () => {
    const { card, withPin } = await makeCard();
    const key = await card.createKey({ algorithm }, withPin);
    const publicKey = key.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const data = randomBytes(1000);
    const own = SIGNATURE_ALGORITHM_NAMES.filter((name) => family.test(name));
    expect(own.length).toBe(algorithm.startsWith('RSA') ? 8 : 4);
    for (const name of own) {
      const signature = await key.sign(name, data, withPin);
      expect(await opensslVerdicts(name, publicKey, data, signature), name).toEqual([true, false]);
    }
  });

  test('refuses the algorithms of other keys', async () => {
    const { card, withPin } = await makeCard();
    const key = await card.createKey({ algorithm }, withPin);
    const others = SIGNATURE_ALGORITHM_NAMES.filter((name) => !family.test(name));
    for (const name of others) {
      const error = await expectError(
        key.sign(name, 'data', withPin),
        'ERR_ALGORITHM_NOT_SUPPORTED',
      );
      expect(error.message).toContain(algorithm);
    }
    expect(others.length).toBe(algorithm.startsWith('RSA') ? 4 : 8);
  });
});

test('one sign is VERIFY, MSE and PSO on the card', async () => {
  const { backend, card, withPin } = await makeCard();
  const key = await card.createKey({}, withPin);
  await key.sign('RSA-SHA256', 'data', withPin);
  const before = backend.apdus.length;
  await key.sign('RSA-SHA256', 'data', withPin);
  const headers = backend.apdus.slice(before).map((apdu) => apdu.slice(0, 8));
  // Reading files (CB) and fetching the rest of an answer (C0) may come between.
  expect(headers.filter((header) => !header.startsWith('00c'))).toEqual([
    '00200080',
    '002241b6',
    '002a9e9a',
    '00200082',
  ]);
});

test('a string is signed as UTF-8, and later changes of the data change nothing', async () => {
  const { card, withPin } = await makeCard();
  const key = await card.createKey({}, withPin);
  const text = 'Grüße 🔑';
  const data = Buffer.from(text);
  const digest = createHash('sha256').update(text).digest();
  const signing = [
    key.sign('RSA-SHA256', text, withPin),
    key.sign('RSA-SHA256', data, withPin),
    key.signDigest('RSA-SHA256', digest, withPin),
  ];
  data.fill(0);
  digest.fill(0);
  const [first, ...others] = await Promise.all(signing);
  for (const signature of others) expect(signature.equals(first ?? Buffer.alloc(0))).toBe(true);
  expect(first?.length).toBe(256);
});

test('ECDSA signatures come as DER or as r and s', async () => {
  const { card, withPin } = await makeCard();
  const key = await card.createKey({ algorithm: 'EC-P384' }, withPin);
  const publicKey = key.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const data = Buffer.from('data');
  const options = { ...withPin, dsaEncoding: 'ieee-p1363' } as const;
  expect(await key.sign('ECDSA-SHA384', data, options)).toHaveLength(96);
  const der = await key.sign('ECDSA-SHA384', data, { ...withPin, dsaEncoding: 'der' });
  expect(await opensslVerdicts('ECDSA-SHA384', publicKey, data, der)).toEqual([true, false]);
});

test('decrypts what was encrypted to it, and tells a damaged ciphertext', async () => {
  const { card, withPin } = await makeCard();
  const key = await card.createKey({}, withPin);
  const secret = randomBytes(32);
  const { publicKey } = key;
  const padding = constants.RSA_PKCS1_PADDING;
  const pkcs1 = publicEncrypt({ key: publicKey, padding }, secret);
  expect((await key.decrypt('RSA-PKCS1', pkcs1, withPin)).equals(secret)).toBe(true);
  for (const hash of ['SHA1', 'SHA256', 'SHA384', 'SHA512'] as const) {
    const oaep = publicEncrypt({ key: publicKey, oaepHash: hash.toLowerCase() }, secret);
    const copy = Buffer.from(oaep);
    const decrypting = key.decrypt(`RSA-OAEP-${hash}`, copy, withPin);
    copy.fill(0);
    expect((await decrypting).equals(secret), hash).toBe(true);
    const wrongHash = hash === 'SHA1' ? 'RSA-OAEP-SHA256' : 'RSA-OAEP-SHA1';
    await expectError(key.decrypt(wrongHash, oaep, withPin), 'ERR_DECRYPTION_FAILED');
  }
});

test('hashes that do not fit a short modulus are refused, others are not', async () => {
  const { card, withPin } = await makeCard();
  const key = await card.createKey({ algorithm: 'RSA-1024' }, withPin);
  await expectError(key.sign('RSA-PSS-SHA512', 'data', withPin), 'ERR_ALGORITHM_NOT_SUPPORTED');
  await expectError(
    key.decrypt('RSA-OAEP-SHA512', new Uint8Array(128), withPin),
    'ERR_ALGORITHM_NOT_SUPPORTED',
  );
  expect(await key.sign('RSA-PSS-SHA384', 'data', withPin)).toHaveLength(128);
  expect(await key.sign('RSA-SHA512', 'data', withPin)).toHaveLength(128);
});

test('an EC key does not decrypt', async () => {
  const { card, withPin } = await makeCard();
  const key = await card.createKey({ algorithm: 'EC-P256' }, withPin);
  const call = key.decrypt('RSA-PKCS1', new Uint8Array(256), withPin);
  const error = await expectError(call, 'ERR_ALGORITHM_NOT_SUPPORTED');
  expect(error.actual).toBe('RSA-PKCS1');
});

test('without a certificate there is none to get', async () => {
  const { card, withPin } = await makeCard();
  const key = await card.createKey({ container: 'K', algorithm: 'EC-P256' }, withPin);
  const error = await expectError(key.certificate(), 'ERR_CERTIFICATE_NOT_FOUND');
  expect(error.message).toContain('"K"');
  expect(await card.certificates()).toEqual([]);
});
