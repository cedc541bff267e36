import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decryptTripleDes, encryptTripleDes, keyCheckValue } from '../../../lib/gids/triple-des.js';
import { bytes, hex } from '../../support/applet-card.js';

/** Known keys: 8 zero bytes encrypted, and the response to challenge 0011223344556677. */
const VECTORS = [
  ['010203040506070801020304050607080102030405060708', 'B073DC3FB209536D', '26604D88E55BD3E7'],
  ['0123456789ABCDEF23456789ABCDEF01456789ABCDEF0123', '4EBA739C998BCB60', '109AEAC4D79BFADD'],
  ['000102030405060708090A0B0C0D0E0F1011121314151617', '894BC3085426A441', undefined],
] as const;

describe('triple DES', () => {
  it.each(VECTORS)('key %s', (key, zeros, response) => {
    expect(hex(encryptTripleDes(bytes(key), Buffer.alloc(8)))).toBe(zeros);
    expect(hex(keyCheckValue(bytes(key)))).toBe(zeros.slice(0, 6));
    if (response) {
      expect(hex(encryptTripleDes(bytes(key), bytes('0011223344556677')))).toBe(response);
    }
  });

  it('decrypts what it encrypted, chained over blocks', () => {
    const key = randomBytes(24);
    const data = Buffer.alloc(40, 0x5a);
    const encrypted = encryptTripleDes(key, data);
    expect(encrypted).toHaveLength(40);
    expect(hex(encrypted.subarray(0, 8))).not.toBe(hex(encrypted.subarray(8, 16)));
    expect(hex(decryptTripleDes(key, encrypted))).toBe(hex(data));
  });

  it('takes whole blocks only', () => {
    expect(() => encryptTripleDes(randomBytes(24), Buffer.alloc(7))).toThrow();
    expect(() => decryptTripleDes(randomBytes(24), Buffer.alloc(9))).toThrow();
  });
});
