import {
  constants,
  createHash,
  generateKeyPairSync,
  privateDecrypt,
  publicDecrypt,
  publicEncrypt,
  randomBytes,
  verify,
} from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { KeyAlgorithm } from '../../../lib/backend/backend.js';
import type { ImportedPrivateKey } from '../../../lib/gids/card-vault.js';
import { isTpmCode } from '../../../lib/tpm/error.js';
import { expectError } from '../../support/expect-error.js';
import { toKeyObject } from './support/public-key.js';
import { freshTpm, TPM_KINDS, type TpmKind } from './support/test-tpm.js';

const BAD_AUTH = 0x0a2;
/** The long ones once: making such a key takes a second. */
const RSA_SIZES: Record<TpmKind, readonly KeyAlgorithm[]> = {
  libtpms: ['RSA-1024', 'RSA-2048', 'RSA-3072'],
  'swtpm with the standard ECC parent': ['RSA-1024', 'RSA-2048'],
  'swtpm with a persistent RSA parent': ['RSA-2048'],
  device: ['RSA-2048'],
};
const RAW = { padding: constants.RSA_NO_PADDING };

describe.each(TPM_KINDS)('objects on %s', (kind) => {
  test.each(RSA_SIZES[kind])('%s decrypts raw', async (algorithm) => {
    const tpm = await freshTpm(kind);
    const authValue = randomBytes(32);
    expect(await tpm.supportsAlgorithm(algorithm)).toBe(true);
    const { wrapped, publicKey } = await tpm.createKey(algorithm, authValue);
    const size = Number(algorithm.slice(4)) / 8;
    const message = Buffer.concat([Buffer.of(0), randomBytes(size - 1)]);
    const encrypted = publicEncrypt({ key: toKeyObject(publicKey), ...RAW }, message);
    expect(encrypted).toHaveLength(size);
    const key = tpm.key(wrapped);
    expect(await key.rsaPrivate(encrypted, authValue)).toEqual(message);
    const signature = await key.rsaPrivate(message, authValue);
    expect(publicDecrypt({ key: toKeyObject(publicKey), ...RAW }, signature)).toEqual(message);
    await key.release();
    expect(await key.rsaPrivate(encrypted, authValue)).toEqual(message);
  });

  test.each(['EC-P256', 'EC-P384'] as const)('%s signs digests of four lengths', async (curve) => {
    const tpm = await freshTpm(kind);
    const authValue = randomBytes(32);
    const { wrapped, publicKey } = await tpm.createKey(curve, authValue);
    const key = { key: toKeyObject(publicKey), dsaEncoding: 'ieee-p1363' } as const;
    const data = randomBytes(100);
    for (const hash of ['sha1', 'sha256', 'sha384', 'sha512']) {
      const digest = createHash(hash).update(data).digest();
      const signature = await tpm.key(wrapped).ecdsaSign(digest, authValue);
      expect(verify(hash, data, key, signature)).toBe(true);
      expect(verify(hash, randomBytes(100), key, signature)).toBe(false);
    }
  });

  test('a wrong authValue is refused, and the right one still works', async () => {
    const tpm = await freshTpm(kind);
    const authValue = randomBytes(32);
    const { wrapped } = await tpm.createKey('EC-P256', authValue);
    const key = tpm.key(wrapped);
    for (const wrong of [randomBytes(32), new Uint8Array(0), authValue.subarray(1)]) {
      const error = await expectError(key.ecdsaSign(randomBytes(32), wrong), 'ERR_TPM_COMMAND');
      expect(isTpmCode(error, BAD_AUTH)).toBe(true);
      expect(error.message).toContain('TPM_RC_BAD_AUTH');
    }
    expect(await key.ecdsaSign(randomBytes(32), authValue)).toHaveLength(64);
    expect((await tpm.status()).lockoutCounter).toBe(0);
  });

  test('an authValue may end in zeros, which TPMs drop', async () => {
    const tpm = await freshTpm(kind);
    const authValue = Buffer.concat([randomBytes(29), Buffer.of(7, 0, 0)]);
    const { wrapped } = await tpm.createKey('EC-P256', authValue);
    expect(await tpm.key(wrapped).ecdsaSign(randomBytes(32), authValue)).toHaveLength(64);
    const data = randomBytes(32);
    const sealed = await tpm.seal({ data, authValue });
    expect(await tpm.unseal(sealed, authValue)).toEqual(data);
  });

  test('seals and unseals', async () => {
    const tpm = await freshTpm(kind);
    const authValue = randomBytes(32);
    for (const data of [randomBytes(1), randomBytes(32), randomBytes(128)]) {
      const sealed = await tpm.seal({ data, authValue });
      expect(await tpm.unseal(sealed, authValue)).toEqual(data);
      await expectError(tpm.unseal(sealed, randomBytes(32)), 'ERR_TPM_COMMAND');
      if (data.length > 1) expect(sealed.privateArea.includes(data)).toBe(false);
    }
    const open = await tpm.seal({ data: Buffer.from('no authValue') });
    expect((await tpm.unseal(open)).toString()).toBe('no authValue');
  });

  test('imports RSA and ECC keys', async () => {
    const tpm = await freshTpm(kind);
    const authValue = randomBytes(32);
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const imported = await tpm.importKey(
      rsaKey(rsa.privateKey.export({ format: 'jwk' })),
      authValue,
    );
    const message = Buffer.concat([Buffer.of(0), randomBytes(255)]);
    const signature = await tpm.key(imported.wrapped).rsaPrivate(message, authValue);
    expect(signature).toEqual(privateDecrypt({ key: rsa.privateKey, ...RAW }, message));
    for (const [namedCurve, size] of [
      ['P-256', 64],
      ['P-384', 96],
    ] as const) {
      const pair = generateKeyPairSync('ec', { namedCurve });
      const jwk = pair.privateKey.export({ format: 'jwk' });
      const { wrapped, publicKey } = await tpm.importKey(ecKey(namedCurve, jwk), authValue);
      expect(toKeyObject(publicKey).equals(pair.publicKey)).toBe(true);
      const data = randomBytes(100);
      const digest = createHash('sha256').update(data).digest();
      const own = await tpm.key(wrapped).ecdsaSign(digest, authValue);
      expect(own).toHaveLength(size);
      const verifier = { key: pair.publicKey, dsaEncoding: 'ieee-p1363' } as const;
      expect(verify('sha256', data, verifier, own)).toBe(true);
    }
    await expectError(
      tpm.key(imported.wrapped).rsaPrivate(message, randomBytes(32)),
      'ERR_TPM_COMMAND',
    );
  });

  test("refuses a private key that is not the public key's", async () => {
    const tpm = await freshTpm(kind);
    const [one, two] = [0, 1].map(() => {
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      return ecKey('P-256', pair.privateKey.export({ format: 'jwk' }));
    }) as [ImportedPrivateKey & { type: 'ec' }, ImportedPrivateKey & { type: 'ec' }];
    const mixed = { ...one, scalar: two.scalar };
    await expectError(tpm.importKey(mixed, randomBytes(32)), 'ERR_INVALID_ARGUMENT');
    const zero = { ...one, scalar: Buffer.alloc(32) };
    await expectError(tpm.importKey(zero, randomBytes(32)), 'ERR_INVALID_ARGUMENT');
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const key = rsaKey(rsa.privateKey.export({ format: 'jwk' }));
    const prime1 = Buffer.from(key.prime1);
    prime1[10] = (prime1[10] ?? 0) ^ 1;
    await expectError(tpm.importKey({ ...key, prime1 }, randomBytes(32)), 'ERR_INVALID_ARGUMENT');
  });

  test('names what is wrong with an argument', async () => {
    const tpm = await freshTpm(kind);
    const authValue = randomBytes(32);
    const wordOf = (text: string) => text as KeyAlgorithm;
    for (const word of ['RSA-512', 'toString', '']) {
      const error = await expectError(
        tpm.createKey(wordOf(word), authValue),
        'ERR_INVALID_ARGUMENT',
      );
      expect(error.parameter).toBe('algorithm');
    }
    const long = await expectError(
      tpm.createKey('EC-P256', randomBytes(33)),
      'ERR_INVALID_ARGUMENT',
    );
    expect(long).toMatchObject({ parameter: 'authValue', actual: '33 bytes' });
    const ec = tpm.key((await tpm.createKey('EC-P256', authValue)).wrapped);
    await expectError(ec.ecdsaSign(randomBytes(31), authValue), 'ERR_INVALID_ARGUMENT');
    await expectError(ec.rsaPrivate(randomBytes(256), authValue), 'ERR_INVALID_ARGUMENT');
    const rsa = tpm.key((await tpm.createKey('RSA-1024', authValue)).wrapped);
    await expectError(rsa.rsaPrivate(randomBytes(127), authValue), 'ERR_INVALID_ARGUMENT');
    await expectError(rsa.ecdsaSign(randomBytes(32), authValue), 'ERR_INVALID_ARGUMENT');
    await expectError(
      tpm.seal({ data: randomBytes(32), authValue: randomBytes(40) }),
      'ERR_INVALID_ARGUMENT',
    );
    await expectError(tpm.forget(randomBytes(15)), 'ERR_INVALID_ARGUMENT');
  });

  test('an RSA key of another exponent is imported, or refused by name', async () => {
    const tpm = await freshTpm(kind);
    const authValue = randomBytes(32);
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 65539 });
    const { wrapped, publicKey } = await tpm.importKey(
      rsaKey(rsa.privateKey.export({ format: 'jwk' })),
      authValue,
    );
    expect(toKeyObject(publicKey).equals(rsa.publicKey)).toBe(true);
    const message = Buffer.concat([Buffer.of(0), randomBytes(255)]);
    const signature = await tpm.key(wrapped).rsaPrivate(message, authValue);
    expect(publicDecrypt({ key: rsa.publicKey, ...RAW }, signature)).toEqual(message);
    const small = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 });
    const key = rsaKey(small.privateKey.export({ format: 'jwk' }));
    const exponents = { '3': '03', '0': '00', '4294967297': '0100000001' };
    for (const [decimal, hex] of Object.entries(exponents)) {
      const publicKey = { ...key.publicKey, exponent: Buffer.from(hex, 'hex') };
      const importing = tpm.importKey({ ...key, publicKey }, authValue);
      const error = await expectError(importing, 'ERR_ALGORITHM_NOT_SUPPORTED');
      expect(error.message).toContain(`exponent ${decimal}`);
    }
  });

  test('a value that was forgotten still opens its key, and other keys stay loaded', async () => {
    const tpm = await freshTpm(kind);
    const authValue = randomBytes(32);
    const otherValue = randomBytes(32);
    const key = tpm.key((await tpm.createKey('EC-P256', authValue)).wrapped);
    const other = tpm.key((await tpm.createKey('EC-P256', otherValue)).wrapped);
    await other.ecdsaSign(randomBytes(32), otherValue);
    await key.ecdsaSign(randomBytes(32), authValue);
    await key.release();
    await tpm.forget(authValue);
    expect(await other.ecdsaSign(randomBytes(32), otherValue)).toHaveLength(64);
    expect(await key.ecdsaSign(randomBytes(32), authValue)).toHaveLength(64);
  });

  test('objects of another TPM do not load', async () => {
    const authValue = randomBytes(32);
    const other = await freshTpm('swtpm with the standard ECC parent');
    const { wrapped } = await other.createKey('EC-P256', authValue);
    const tpm = await freshTpm(kind);
    const error = await expectError(
      tpm.key(wrapped).ecdsaSign(randomBytes(32), authValue),
      'ERR_TPM_COMMAND',
    );
    expect(isTpmCode(error, 0x09f)).toBe(true);
    expect(tpm.storageParentName).not.toEqual(other.storageParentName);
  });

  test('after close everything is refused', async () => {
    const tpm = await freshTpm(kind);
    const authValue = randomBytes(32);
    const { wrapped } = await tpm.createKey('EC-P256', authValue);
    const key = tpm.key(wrapped);
    await key.ecdsaSign(randomBytes(32), authValue);
    const last = key.ecdsaSign(randomBytes(32), authValue);
    await Promise.all([tpm.close(), tpm.close()]);
    expect(await last).toHaveLength(64);
    await expectError(tpm.status(), 'ERR_CLOSED');
    await expectError(key.ecdsaSign(randomBytes(32), authValue), 'ERR_CLOSED');
    await expectError(tpm.createKey('EC-P256', authValue), 'ERR_CLOSED');
  });
});

type Jwk = object;

function field(jwk: Jwk, name: string): Buffer {
  return Buffer.from(String((jwk as Record<string, unknown>)[name]), 'base64url');
}

function rsaKey(jwk: Jwk): ImportedPrivateKey & { type: 'rsa' } {
  const publicKey = { type: 'rsa', modulus: field(jwk, 'n'), exponent: field(jwk, 'e') } as const;
  return { type: 'rsa', publicKey, prime1: field(jwk, 'p') };
}

function ecKey(curve: 'P-256' | 'P-384', jwk: Jwk): ImportedPrivateKey & { type: 'ec' } {
  const publicKey = { type: 'ec', curve, x: field(jwk, 'x'), y: field(jwk, 'y') } as const;
  return { type: 'ec', publicKey, scalar: field(jwk, 'd') };
}
