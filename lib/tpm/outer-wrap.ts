import { createCipheriv, createHmac } from 'node:crypto';
import { wipe } from '../secret.js';
import { kdfa } from './kdf.js';
import { TpmWriter } from './writer.js';

const NONE = new Uint8Array(0);

/**
 * The outer wrapper of a duplicate and of a credential (Part 1, 23.3.2.3 and 24.4): encrypts, then
 * authenticates together with the Name of the object that it is for.
 *
 * @param secret - a TPM2B
 * @param seed - 32 bytes, shared with the TPM
 */
export function wrapOuter(secret: Uint8Array, name: Uint8Array, seed: Uint8Array): Buffer {
  const encryptionKey = kdfa(seed, 'STORAGE', name, NONE, 128);
  const integrityKey = kdfa(seed, 'INTEGRITY');
  try {
    const cipher = createCipheriv('aes-128-cfb', encryptionKey, Buffer.alloc(16));
    const encrypted = cipher.update(secret);
    // Frees the key schedule now, not when the cipher is collected.
    cipher.final();
    const integrity = createHmac('sha256', integrityKey).update(encrypted).update(name).digest();
    return new TpmWriter(1024).sized(integrity).raw(encrypted).bytes;
  } finally {
    wipe(encryptionKey, integrityKey);
  }
}
