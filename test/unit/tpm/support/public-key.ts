import { createPublicKey, type KeyObject } from 'node:crypto';
import type { PublicKey } from '../../../../lib/gids/card-state.js';

/** A TPM's public key for Node's own cryptography. */
export function toKeyObject(key: PublicKey): KeyObject {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
  return createPublicKey({
    format: 'jwk',
    key:
      key.type === 'rsa'
        ? { kty: 'RSA', n: text(key.modulus), e: text(key.exponent) }
        : { kty: 'EC', crv: key.curve, x: text(key.x), y: text(key.y) },
  });
}
