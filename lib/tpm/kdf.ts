import { createHash, createHmac } from 'node:crypto';
import { u32 } from './writer.js';

const NONE = new Uint8Array(0);
const HASH_BITS = 256;

/** KDFa with HMAC-SHA-256: SP 800-108 in counter mode (Part 1, 11.4.10.2). Gives up to 32 bytes. */
export function kdfa(
  key: Uint8Array,
  label: string,
  contextU: Uint8Array = NONE,
  contextV: Uint8Array = NONE,
  bits = HASH_BITS,
): Buffer {
  const derived = createHmac('sha256', key)
    .update(u32(1))
    .update(`${label}\0`)
    .update(contextU)
    .update(contextV)
    .update(u32(bits))
    .digest();
  return derived.subarray(0, bits / 8);
}

/** KDFe with SHA-256, 32 bytes: SP 800-56A for a secret agreed by ECDH (Part 1, 11.4.10.3). */
export function kdfe(z: Uint8Array, label: string, partyU: Uint8Array, partyV: Uint8Array): Buffer {
  return createHash('sha256')
    .update(u32(1))
    .update(z)
    .update(`${label}\0`)
    .update(partyU)
    .update(partyV)
    .digest();
}
