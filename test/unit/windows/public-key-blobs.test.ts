import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parsePublicKey } from '../../../lib/backend/windows/public-key-blobs.js';
import { VirtualSmartCardError } from '../../../lib/errors.js';
import { publicKeyObject } from '../../../lib/public-key.js';
import { publicKeyOf } from '../../support/software-key.js';
import { publicKeyBlob, words } from './support/public-key-blob.js';

const RSA = generateKeyPairSync('rsa', { modulusLength: 1024 });
const P256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const P384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });

function codeOf(provider: 'ksp' | 'csp', blob: Buffer): string {
  try {
    parsePublicKey(provider, blob);
  } catch (error) {
    if (VirtualSmartCardError.is(error)) return error.code;
    throw error;
  }
  return 'none';
}

describe("a provider's public key", () => {
  it.each([
    ['ksp', RSA],
    ['csp', RSA],
    ['ksp', P256],
    ['ksp', P384],
  ] as const)('of the %s is the key', (provider, pair) => {
    const blob = publicKeyBlob(provider, publicKeyOf(pair.privateKey));
    expect(publicKeyObject(parsePublicKey(provider, blob)).equals(pair.publicKey)).toBe(true);
  });

  it('may have zeros in front of its numbers, and be of ECDH', () => {
    const key = publicKeyOf(RSA.privateKey);
    if (key.type !== 'rsa') throw new Error('not RSA');
    const { modulus, exponent } = key;
    const header = words(1024, 4, modulus.length + 1, 0, 0);
    const padded = [
      Buffer.from('RSA1'),
      header,
      Buffer.from([0]),
      exponent,
      Buffer.from([0]),
      modulus,
    ];
    expect(parsePublicKey('ksp', Buffer.concat(padded))).toEqual({
      type: 'rsa',
      modulus,
      exponent,
    });
    const ecdh = publicKeyBlob('ksp', publicKeyOf(P384.privateKey));
    ecdh.write('ECK3');
    expect(parsePublicKey('ksp', ecdh)).toMatchObject({ curve: 'P-384' });
  });

  it('is refused at every length but its own', () => {
    const blobs = [
      ['ksp', publicKeyBlob('ksp', publicKeyOf(RSA.privateKey))],
      ['csp', publicKeyBlob('csp', publicKeyOf(RSA.privateKey))],
      ['ksp', publicKeyBlob('ksp', publicKeyOf(P256.privateKey))],
    ] as const;
    for (const [provider, blob] of blobs) {
      for (let length = 0; length < blob.length; length++) {
        expect(codeOf(provider, blob.subarray(0, length)), `${length}`).toBe('ERR_CARD_RESPONSE');
      }
      expect(codeOf(provider, Buffer.concat([blob, Buffer.alloc(1)]))).toBe('ERR_CARD_RESPONSE');
    }
  });

  it.each([
    [
      'lengths beyond the end',
      Buffer.concat([Buffer.from('RSA1'), words(1024, 3, 0xffffffff, 0, 0)]),
    ],
    [
      'lengths whose sum wraps',
      Buffer.concat([Buffer.from('RSA1'), words(8, 0xffffffff, 1, 0, 0)]),
    ],
    [
      'no exponent',
      Buffer.concat([Buffer.from('RSA1'), words(8, 0, 1, 0, 0), Buffer.from([0x80])]),
    ],
    [
      'a modulus of 0',
      Buffer.concat([Buffer.from('RSA1'), words(8, 1, 1, 0, 0), Buffer.from([3, 0])]),
    ],
    ['an unknown kind', Buffer.concat([Buffer.from('DSA1'), Buffer.alloc(200)])],
  ])('is refused with %s', (_what, blob) => {
    expect(codeOf('ksp', blob)).toBe('ERR_CARD_RESPONSE');
  });

  it('on another curve is no key of this library', () => {
    const blob = Buffer.concat([Buffer.from('ECS5'), words(66), Buffer.alloc(132, 1)]);
    expect(codeOf('ksp', blob)).toBe('ERR_ALGORITHM_NOT_SUPPORTED');
  });
});
