import { randomFillSync } from 'node:crypto';
import { VirtualSmartCardError } from './errors.js';

/**
 * A secret as callers may give it. Prefer bytes: a string cannot be wiped from the JavaScript heap.
 * A string is taken as UTF-8, which for the printable characters of a PIN is ASCII.
 */
export type SecretInput = string | Uint8Array;

/**
 * Memory of its own outside of the JavaScript heap, so that wiping it leaves nothing. Buffer.from and
 * Buffer.concat may share a pool with others; Buffer.alloc of up to 64 bytes lies in the JavaScript
 * heap, where garbage collection and native code leave copies behind.
 */
export function allocateSecret(length: number): Buffer {
  return Buffer.from(new ArrayBuffer(length));
}

/** A new secret from the operating system's random numbers. */
export function randomSecret(length: number): Buffer {
  return randomFillSync(allocateSecret(length));
}

/** Overwrites the bytes with zeros. */
export function wipe(...secrets: (Uint8Array | undefined | null)[]): void {
  for (const secret of secrets) secret?.fill(0);
}

/** Joins byte strings into one secret of its own memory. */
export function concatSecret(...parts: Uint8Array[]): Buffer {
  const joined = allocateSecret(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/**
 * The library's own copy of a caller's secret, which the library wipes. The caller's bytes stay as
 * they are.
 *
 * @param parameter - name for the error text
 */
export function copySecret(input: SecretInput, parameter: string): Buffer {
  if (typeof input === 'string') {
    const secret = allocateSecret(Buffer.byteLength(input, 'utf8'));
    secret.write(input, 'utf8');
    return secret;
  }
  if (input instanceof Uint8Array) return concatSecret(input);
  throw new VirtualSmartCardError(
    'ERR_INVALID_ARGUMENT',
    `Expected a string or a Uint8Array for ${parameter}, got ${input === null ? 'null' : typeof input}.`,
    { parameter, expected: 'a string or a Uint8Array', actual: typeof input },
  );
}
