import { type Cipher, createCipheriv, createDecipheriv, type Decipher } from 'node:crypto';
import { wipe } from '../secret.js';
import { responseError } from './error.js';
import { kdfa } from './kdf.js';

const AES_KEY_SIZE = 16;
const AES_BLOCK_SIZE = 16;

/** AES-128-CFB for one parameter. */
export type ParameterCipher = Cipher | Decipher;

/** The cipher for the first parameter of a command or a response (Part 1, 21.3). */
export function parameterCipher(
  direction: 'encrypt' | 'decrypt',
  sessionValue: Uint8Array,
  nonceNewer: Uint8Array,
  nonceOlder: Uint8Array,
): ParameterCipher {
  const bits = 8 * (AES_KEY_SIZE + AES_BLOCK_SIZE);
  const derived = kdfa(sessionValue, 'CFB', nonceNewer, nonceOlder, bits);
  const key = derived.subarray(0, AES_KEY_SIZE);
  const iv = derived.subarray(AES_KEY_SIZE);
  const cipher =
    direction === 'encrypt'
      ? createCipheriv('aes-128-cfb', key, iv)
      : createDecipheriv('aes-128-cfb', key, iv);
  wipe(derived);
  return cipher;
}

/** Encrypts or decrypts the content of the first TPM2B in place, and ends the cipher. */
export function cryptFirstParameter(cipher: ParameterCipher, parameters: Buffer): void {
  const end = parameters.length < 2 ? Number.POSITIVE_INFINITY : 2 + parameters.readUInt16BE(0);
  if (end > parameters.length) throw responseError('its encrypted parameter is cut off');
  const content = parameters.subarray(2, end);
  const result = cipher.update(content);
  // Frees the key schedule now, not when the cipher is collected.
  cipher.final();
  content.set(result);
  wipe(result);
}
