import { createECDH, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { PublicKey } from '../../lib/gids/card-state.js';
import type { ImportedPrivateKey } from '../../lib/gids/card-vault.js';

const CURVES = {
  'P-256': {
    openssl: 'prime256v1',
    length: 32,
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  'P-384': {
    openssl: 'secp384r1',
    length: 48,
    order:
      0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
} as const;

/** The public half, as a card's state has it. */
export function publicKeyOf(privateKey: KeyObject): PublicKey {
  const jwk = privateKey.export({ format: 'jwk' });
  if (jwk.kty === 'RSA') {
    return { type: 'rsa', modulus: fromBase64(jwk.n), exponent: fromBase64(jwk.e) };
  }
  const curve = jwk.crv === 'P-384' ? 'P-384' : 'P-256';
  return { type: 'ec', curve, x: fromBase64(jwk.x), y: fromBase64(jwk.y) };
}

/**
 * ECDSA over a digest as it is, which node:crypto does not offer. The curve's arithmetic is ECDH's:
 * the public key of the ephemeral scalar k is k·G, and r is its x coordinate.
 */
export function signDigest(privateKey: KeyObject, digest: Uint8Array): Buffer {
  const jwk = privateKey.export({ format: 'jwk' });
  const { openssl, length, order } = CURVES[jwk.crv === 'P-384' ? 'P-384' : 'P-256'];
  const d = toNumber(fromBase64(jwk.d));
  const z = toNumber(digest.subarray(0, length));
  const ephemeral = createECDH(openssl);
  const point = ephemeral.generateKeys();
  const r = toNumber(point.subarray(1, 1 + length)) % order;
  const k = toNumber(ephemeral.getPrivateKey());
  const s = (inverse(k, order) * ((z + r * d) % order)) % order;
  return Buffer.concat([toBytes(r, length), toBytes(s, length)]);
}

/** The whole key of what an import brings: modulus, exponent and one prime. */
export function rsaJwk({ publicKey, prime1 }: ImportedPrivateKey & { type: 'rsa' }): JsonWebKey {
  const [n, e, p] = [publicKey.modulus, publicKey.exponent, prime1].map(toNumber) as [
    bigint,
    bigint,
    bigint,
  ];
  if (p <= 1n || n % p !== 0n) throw new Error('the prime does not divide the modulus');
  const q = n / p;
  const d = inverse(e, (p - 1n) * (q - 1n));
  const numbers = { n, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) };
  const jwk: JsonWebKey = { kty: 'RSA' };
  for (const [name, value] of Object.entries(numbers)) jwk[name] = toBase64(minimalBytes(value));
  return jwk;
}

export function ecJwk({ publicKey, scalar }: ImportedPrivateKey & { type: 'ec' }): JsonWebKey {
  const { curve, x, y } = publicKey;
  return { kty: 'EC', crv: curve, x: toBase64(x), y: toBase64(y), d: toBase64(scalar) };
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [r0, r1, s0, s1] = [modulus, value % modulus, 0n, 1n];
  while (r1 !== 0n) {
    const quotient = r0 / r1;
    [r0, r1, s0, s1] = [r1, r0 - quotient * r1, s1, s0 - quotient * s1];
  }
  return ((s0 % modulus) + modulus) % modulus;
}

function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`);
}

function toBytes(value: bigint, length: number): Buffer {
  return Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex');
}

function minimalBytes(value: bigint): Buffer {
  return toBytes(value, Math.ceil(value.toString(16).length / 2));
}

function fromBase64(text: string | undefined): Buffer {
  return Buffer.from(text ?? '', 'base64url');
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
