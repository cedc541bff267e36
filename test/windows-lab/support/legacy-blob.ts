import { createPublicKey, type KeyObject } from 'node:crypto';

/** The key in a PUBLICKEYBLOB of CryptoAPI: header, RSAPUBKEY, modulus; numbers little-endian. */
export function rsaKeyOfLegacyBlob(blob: Buffer): KeyObject {
  if (blob[0] !== 6 || blob.toString('latin1', 8, 12) !== 'RSA1') {
    throw new Error(`No PUBLICKEYBLOB: ${blob.toString('hex', 0, 12)}`);
  }
  const number = (start: number, end?: number) =>
    Buffer.from(blob.subarray(start, end)).reverse().toString('base64url');
  const key = { kty: 'RSA', n: number(20), e: number(16, 20) };
  return createPublicKey({ key, format: 'jwk' });
}
