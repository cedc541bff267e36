import { createHash } from 'node:crypto';
import { describeType, invalidArgument } from '../errors.js';

/** Bytes of a nonce: fewer could be guessed or come twice. */
const LENGTH = { min: 16, max: 64 };
/** What every TPM takes as qualifying data, and a SHA-256. */
const QUALIFYING_DATA_LENGTH = 32;

/**
 * What the TPM signs for a nonce: the nonce itself, or its SHA-256 when it is longer than 32 bytes.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 */
export function qualifyingData(nonce: unknown): Buffer {
  const expected = `${LENGTH.min} to ${LENGTH.max} bytes`;
  if (!(nonce instanceof Uint8Array)) {
    throw invalidArgument('nonce', expected, describeType(nonce));
  }
  if (nonce.length < LENGTH.min || nonce.length > LENGTH.max) {
    throw invalidArgument('nonce', expected, `${nonce.length} bytes`);
  }
  if (nonce.length <= QUALIFYING_DATA_LENGTH) return Buffer.from(nonce);
  return createHash('sha256').update(nonce).digest();
}
