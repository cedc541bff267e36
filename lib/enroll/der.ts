import { decodeTlvs, encodeTlv, TlvError } from '../gids/tlv.js';

/** Universal tags of ASN.1 (X.680, 8.6), with the bit for constructed values where it belongs. */
export const Tag = {
  INTEGER: 0x02,
  OCTET_STRING: 0x04,
  OBJECT_IDENTIFIER: 0x06,
  UTF8_STRING: 0x0c,
  PRINTABLE_STRING: 0x13,
  IA5_STRING: 0x16,
  BMP_STRING: 0x1e,
  SEQUENCE: 0x30,
  SET: 0x31,
} as const;

/** X.660: the first arc is 0 to 2, the second below 40 under 0 and 1; no leading zeros. */
const OBJECT_IDENTIFIER =
  /^(?:[01]\.(?:[0-9]|[1-3][0-9])|2\.(?:0|[1-9][0-9]{0,14}))(?:\.(?:0|[1-9][0-9]{0,38}))*$/;
const MAX_OID_LENGTH = 200;

/** Whether the text is an object identifier, dotted, of at least two arcs. */
export function isObjectIdentifier(text: unknown): text is string {
  return typeof text === 'string' && text.length <= MAX_OID_LENGTH && OBJECT_IDENTIFIER.test(text);
}

export function sequence(...parts: Uint8Array[]): Buffer {
  return encodeTlv(Tag.SEQUENCE, ...parts);
}

/** OBJECT IDENTIFIER (X.690, 8.19). */
export function objectIdentifier(oid: string): Buffer {
  const [first = 0n, second = 0n, ...others] = oid.split('.').map(BigInt);
  return encodeTlv(
    Tag.OBJECT_IDENTIFIER,
    Buffer.from([40n * first + second, ...others].flatMap(base128)),
  );
}

export function octetString(value: Uint8Array): Buffer {
  return encodeTlv(Tag.OCTET_STRING, value);
}

export function utf8String(text: string): Buffer {
  return encodeTlv(Tag.UTF8_STRING, Buffer.from(text, 'utf8'));
}

/** BMPString: UTF-16, the high byte first. */
export function bmpString(text: string): Buffer {
  return encodeTlv(Tag.BMP_STRING, Buffer.from(text, 'utf16le').swap16());
}

/** INTEGER that is not negative. */
export function unsignedInteger(value: number): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  const sign = (bytes[0] ?? 0) >= 0x80 ? [Buffer.of(0)] : [];
  return encodeTlv(Tag.INTEGER, ...sign, bytes);
}

function base128(arc: bigint): number[] {
  const bytes = [Number(arc & 0x7fn)];
  for (let rest = arc >> 7n; rest > 0n; rest >>= 7n) bytes.unshift(Number(rest & 0x7fn) | 0x80);
  return bytes;
}

/** Whether the bytes are one value in BER or DER, as far as its length tells. */
export function isOneValue(bytes: Uint8Array): boolean {
  try {
    return decodeTlvs(bytes).length === 1;
  } catch (error) {
    if (error instanceof TlvError) return false;
    throw error;
  }
}
