import { decodeTlvs, encodeTlv, type Tlv, TlvError } from '../gids/tlv.js';

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

export function sequence(...parts: Uint8Array[]): Buffer {
  return encodeTlv(Tag.SEQUENCE, ...parts);
}

/** OBJECT IDENTIFIER (X.690, 8.19). */
export function objectIdentifier(oid: string): Buffer {
  const [first = 0, second = 0, ...others] = oid.split('.').map(Number);
  const bytes = [40 * first + second, ...others].flatMap(base128);
  return encodeTlv(Tag.OBJECT_IDENTIFIER, Buffer.from(bytes));
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

function base128(arc: number): number[] {
  const bytes = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.unshift((rest % 128) | 0x80);
  }
  return bytes;
}

/** The one data object that the bytes are; undefined for anything else. */
export function wholeTlv(bytes: Uint8Array): Tlv | undefined {
  try {
    const [only, ...others] = decodeTlvs(bytes);
    return others.length === 0 ? only : undefined;
  } catch (error) {
    if (error instanceof TlvError) return undefined;
    throw error;
  }
}
