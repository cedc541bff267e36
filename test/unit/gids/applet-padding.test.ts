import {
  constants,
  generateKeyPairSync,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { padPkcs1Signature, unpadPkcs1 } from '../../../lib/gids/applet/pkcs1-padding.js';
import { bytes, hex } from '../../support/applet-card.js';

const LENGTH = 128;

/** 00 02, padding, 00, message. */
function block(padding: Buffer, message: Buffer, head = '0002'): Buffer {
  return Buffer.concat([bytes(head), padding, bytes('00'), message]);
}

const nonZero = (length: number) => Buffer.from(randomBytes(length).map((byte) => byte || 0x5a));

describe('PKCS#1 v1.5 signature padding', () => {
  it('fills up to the modulus length', () => {
    expect(hex(padPkcs1Signature(bytes('AABB'), 16) ?? bytes(''))).toBe(
      `0001${'FF'.repeat(11)}00AABB`,
    );
    expect(padPkcs1Signature(randomBytes(LENGTH - 11), LENGTH)).toHaveLength(LENGTH);
    expect(padPkcs1Signature(randomBytes(LENGTH - 10), LENGTH)).toBeUndefined();
    expect(padPkcs1Signature(bytes(''), LENGTH)).toBeUndefined();
  });
});

describe('PKCS#1 v1.5 encryption padding', () => {
  it('comes off whatever OpenSSL put on, at every message length', () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: LENGTH * 8 });
    for (let length = 0; length <= LENGTH - 11; length++) {
      const message = randomBytes(length);
      const padding = constants.RSA_PKCS1_PADDING;
      const cryptogram = publicEncrypt({ key: publicKey, padding }, message);
      const raw = privateDecrypt(
        { key: privateKey, padding: constants.RSA_NO_PADDING },
        cryptogram,
      );
      expect(hex(unpadPkcs1(raw) ?? bytes('FF'.repeat(LENGTH)))).toBe(hex(message));
    }
  });

  it('keeps zero bytes of the message', () => {
    const message = bytes('0000AA00');
    const padded = block(nonZero(LENGTH - 7), message);
    expect(hex(unpadPkcs1(padded) ?? bytes(''))).toBe('0000AA00');
  });

  it.each([
    ['a first byte that is not 00', block(nonZero(LENGTH - 7), randomBytes(4), '0102')],
    ['another block type', block(nonZero(LENGTH - 7), randomBytes(4), '0001')],
    ['seven padding bytes', block(nonZero(7), randomBytes(LENGTH - 10))],
    ['no padding bytes', block(bytes(''), randomBytes(LENGTH - 3))],
    ['no separator', Buffer.concat([bytes('0002'), nonZero(LENGTH - 2)])],
    ['zeros alone', Buffer.alloc(LENGTH)],
    ['nothing', bytes('')],
    ['only a head', bytes('0002')],
  ])('is refused with %s', (_what, padded) => {
    expect(unpadPkcs1(padded)).toBeUndefined();
  });

  it('is taken with eight padding bytes', () => {
    expect(unpadPkcs1(block(nonZero(8), randomBytes(LENGTH - 11)))).toHaveLength(LENGTH - 11);
  });
});
