import { createPublicKey, type KeyObject } from 'node:crypto';
import type { KeyAlgorithm } from './backend/backend.js';
import type { PublicKey } from './gids/card-state.js';

const CURVES: Record<string, KeyAlgorithm> = { prime256v1: 'EC-P256', secp384r1: 'EC-P384' };
const RSA_LENGTHS = [1024, 2048, 3072];

/** A card's public key as node:crypto's. */
export function publicKeyObject(key: PublicKey): KeyObject {
  const jwk =
    key.type === 'rsa'
      ? { kty: 'RSA', n: base64url(key.modulus), e: base64url(key.exponent) }
      : { kty: 'EC', crv: key.curve, x: base64url(key.x), y: base64url(key.y) };
  return createPublicKey({ key: jwk, format: 'jwk' });
}

/** The algorithm by which a card would hold that key; undefined for one that no card holds. */
export function keyAlgorithmOf(key: KeyObject): KeyAlgorithm | undefined {
  const details = key.asymmetricKeyDetails;
  if (key.asymmetricKeyType === 'ec') return CURVES[details?.namedCurve ?? ''];
  const length = details?.modulusLength ?? 0;
  const usable = key.asymmetricKeyType === 'rsa' && details?.publicExponent === 65537n;
  return usable && RSA_LENGTHS.includes(length) ? (`RSA-${length}` as KeyAlgorithm) : undefined;
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
}
