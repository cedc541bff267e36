import { createCipheriv, createDecipheriv } from 'node:crypto';

const CIPHER = 'des-ede3-cbc';
const ZERO_BLOCK = Buffer.alloc(8);

/**
 * Three-key triple DES in CBC mode, zero IV, no padding: how an admin key answers a challenge.
 *
 * @param key - 24 bytes
 * @param data - whole blocks of 8 bytes
 */
export function encryptTripleDes(key: Uint8Array, data: Uint8Array): Buffer {
  const cipher = createCipheriv(CIPHER, key, ZERO_BLOCK).setAutoPadding(false);
  // Without padding `update` gives all whole blocks; `final` then only checks that no part is left.
  const encrypted = cipher.update(data);
  cipher.final();
  return encrypted;
}

/** The inverse of {@link encryptTripleDes}. */
export function decryptTripleDes(key: Uint8Array, data: Uint8Array): Buffer {
  const decipher = createDecipheriv(CIPHER, key, ZERO_BLOCK).setAutoPadding(false);
  const decrypted = decipher.update(data);
  decipher.final();
  return decrypted;
}

/** Key check value: the first 3 bytes of 8 zero bytes encrypted. */
export function keyCheckValue(key: Uint8Array): Buffer {
  return encryptTripleDes(key, ZERO_BLOCK).subarray(0, 3);
}
