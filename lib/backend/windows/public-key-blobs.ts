import { VirtualSmartCardError } from '../../errors.js';
import type { PublicKey } from '../../gids/card-state.js';
import type { KeyProvider } from '../../native-windows.js';

const RSA_MAGIC = 'RSA1';
/** BCRYPT_RSAKEY_BLOB: magic, then five numbers of 32 bits. */
const RSA_HEADER_LENGTH = 24;
/** BLOBHEADER and RSAPUBKEY of a PUBLICKEYBLOB. */
const LEGACY_HEADER_LENGTH = 20;
const LEGACY_PUBLIC_KEY_BLOB = 0x06;
/** BCRYPT_ECCKEY_BLOB: magic, length of a coordinate. */
const EC_HEADER_LENGTH = 8;
/** BCRYPT_ECDSA_PUBLIC_P256_MAGIC and the like: ECS for ECDSA, ECK for ECDH. */
const CURVES: Record<string, { curve: 'P-256' | 'P-384'; length: number }> = {
  ECS1: { curve: 'P-256', length: 32 },
  ECK1: { curve: 'P-256', length: 32 },
  ECS3: { curve: 'P-384', length: 48 },
  ECK3: { curve: 'P-384', length: 48 },
};

/**
 * A public key as a provider exports it: the KSP a BCRYPT_RSAPUBLIC_BLOB or BCRYPT_ECCPUBLIC_BLOB
 * (bcrypt.h), the CSP a PUBLICKEYBLOB (wincrypt.h). Nothing in the blob is believed.
 *
 * @throws VirtualSmartCardError `ERR_CARD_RESPONSE`, `ERR_ALGORITHM_NOT_SUPPORTED` for a kind of key
 * that this library does not know
 */
export function parsePublicKey(provider: KeyProvider, blob: Buffer): PublicKey {
  if (provider === 'csp') return parseLegacyRsa(blob);
  const magic = blob.toString('latin1', 0, 4);
  if (magic === RSA_MAGIC) return parseRsa(blob);
  if (/^EC[SK]/.test(magic) && blob.length >= EC_HEADER_LENGTH) return parseEc(blob, magic);
  throw unusable('its kind is unknown');
}

function parseRsa(blob: Buffer): PublicKey {
  if (blob.length < RSA_HEADER_LENGTH) throw unusable('it is too short');
  const bits = blob.readUInt32LE(4);
  const exponentLength = blob.readUInt32LE(8);
  const modulusLength = blob.readUInt32LE(12);
  if (blob.length !== RSA_HEADER_LENGTH + exponentLength + modulusLength) {
    throw unusable('its length is another one than it says');
  }
  const modulusAt = RSA_HEADER_LENGTH + exponentLength;
  return rsa(bits, blob.subarray(modulusAt), blob.subarray(RSA_HEADER_LENGTH, modulusAt));
}

/** The modulus is little-endian here. */
function parseLegacyRsa(blob: Buffer): PublicKey {
  const isPublicKey =
    blob.length > LEGACY_HEADER_LENGTH &&
    blob.length === LEGACY_HEADER_LENGTH + Math.ceil(blob.readUInt32LE(12) / 8) &&
    blob[0] === LEGACY_PUBLIC_KEY_BLOB &&
    blob.toString('latin1', 8, 12) === RSA_MAGIC;
  if (!isPublicKey) throw unusable('it is no PUBLICKEYBLOB of RSA');
  const modulus = Buffer.from(blob.subarray(LEGACY_HEADER_LENGTH)).reverse();
  const exponent = Buffer.alloc(4);
  exponent.writeUInt32BE(blob.readUInt32LE(16));
  return rsa(blob.readUInt32LE(12), modulus, exponent);
}

function rsa(bits: number, paddedModulus: Buffer, paddedExponent: Buffer): PublicKey {
  const modulus = withoutZeros(paddedModulus);
  const exponent = withoutZeros(paddedExponent);
  if (exponent.length === 0 || modulus.length === 0 || bits !== bitLength(modulus)) {
    throw unusable('its modulus or exponent is no such number');
  }
  return { type: 'rsa', modulus, exponent };
}

function parseEc(blob: Buffer, magic: string): PublicKey {
  const known = CURVES[magic];
  if (!known) {
    const message = "The key's curve is not P-256 or P-384; this library does not know it.";
    throw new VirtualSmartCardError('ERR_ALGORITHM_NOT_SUPPORTED', message);
  }
  const { curve, length } = known;
  const isWhole = blob.length === EC_HEADER_LENGTH + 2 * length && blob.readUInt32LE(4) === length;
  if (!isWhole) throw unusable('its length is not that of its curve');
  const y = EC_HEADER_LENGTH + length;
  return {
    type: 'ec',
    curve,
    x: Buffer.from(blob.subarray(EC_HEADER_LENGTH, y)),
    y: Buffer.from(blob.subarray(y)),
  };
}

/** A copy of its own: the blob is not kept. */
function withoutZeros(number: Buffer): Buffer {
  const start = number.findIndex((byte) => byte !== 0);
  return start < 0 ? Buffer.alloc(0) : Buffer.from(number.subarray(start));
}

function bitLength(number: Buffer): number {
  return 8 * number.length - Math.clz32(number[0] ?? 0) + 24;
}

function unusable(why: string): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_CARD_RESPONSE',
    `The public key that Windows' provider gave cannot be used: ${why}.`,
  );
}
