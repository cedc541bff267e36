import { encodeTlv } from './gids/tlv.js';

const SEQUENCE = 0x30;
const INTEGER = 0x02;

/** r ‖ s (IEEE P1363) as the DER that X.509 and OpenSSL use: Ecdsa-Sig-Value, RFC 3279, 2.2.3. */
export function ecdsaSignatureToDer(signature: Uint8Array): Buffer {
  const half = signature.length / 2;
  const r = derInteger(signature.subarray(0, half));
  const s = derInteger(signature.subarray(half));
  return encodeTlv(SEQUENCE, r, s);
}

/** A big-endian unsigned number as a DER INTEGER: no superfluous zeros, and never negative. */
function derInteger(number: Uint8Array): Buffer {
  let start = 0;
  while (start < number.length - 1 && number[start] === 0) start += 1;
  const magnitude = number.subarray(start);
  const negative = (magnitude[0] ?? 0) >= 0x80;
  return negative ? encodeTlv(INTEGER, ZERO, magnitude) : encodeTlv(INTEGER, magnitude);
}

const ZERO = Uint8Array.of(0);
