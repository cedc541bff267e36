import type { PublicKey } from './card-state.js';
import { cardResponseError } from './status-error.js';
import { decodeTlvs, findTlv } from './tlv.js';

const UNCOMPRESSED_POINT = 0x04;
const CURVES = { 64: 'P-256', 96: 'P-384' } as const;

/**
 * A public key from the value of the card's data object 7F49: RSA { 81 modulus, 82 exponent },
 * EC { 86 04 ‖ x ‖ y } (ISO/IEC 7816-8).
 *
 * @throws VirtualSmartCardError `ERR_CARD_RESPONSE`
 */
export function decodePublicKey(value: Uint8Array): PublicKey {
  const objects = decodeTlvs(value);
  const modulus = findTlv(objects, 0x81);
  const exponent = findTlv(objects, 0x82);
  if (modulus && exponent) {
    return { type: 'rsa', modulus: unsigned(modulus), exponent: unsigned(exponent) };
  }
  const point = findTlv(objects, 0x86);
  const length = (point?.length ?? 0) - 1;
  if (point?.[0] !== UNCOMPRESSED_POINT || (length !== 64 && length !== 96)) {
    throw cardResponseError('a public key is neither RSA nor on P-256 or P-384');
  }
  const half = 1 + length / 2;
  const x = Uint8Array.from(point.subarray(1, half));
  const y = Uint8Array.from(point.subarray(half));
  return { type: 'ec', curve: CURVES[length], x, y };
}

/** Bits of the modulus or of the curve, as the container map tells them. */
export function keyBits(key: PublicKey): number {
  if (key.type === 'ec') return key.x.length * 8;
  return key.modulus.length * 8 - (Math.clz32(key.modulus[0] ?? 0) - 24);
}

/** A copy without leading zeros, which some cards send. */
function unsigned(integer: Uint8Array): Uint8Array {
  let start = 0;
  while (start < integer.length - 1 && integer[start] === 0) start++;
  return Uint8Array.from(integer.subarray(start));
}
