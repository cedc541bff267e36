import { allocateSecret } from '../secret.js';

/** One BER-TLV data object (ISO/IEC 7816-4, 5.2.2). The value is a view into what was decoded. */
export interface Tlv {
  /** The tag's bytes as one big-endian number: 0x83, 0x7F49, 0xDF1F. */
  tag: number;
  value: Uint8Array;
}

/** The bytes are not well-formed BER-TLV. Its text holds none of them. */
export class TlvError extends Error {
  override get name(): string {
    return 'TlvError';
  }
}

const MORE_TAG_BYTES = 0x1f;
const LAST_TAG_BYTE_LIMIT = 0x80;
const LONGEST_TAG = 3;
const LONGEST_LENGTH = 3;

/**
 * Encodes a data object whose value is the given parts joined; the result has memory of its own,
 * so it may carry a secret and be wiped.
 *
 * @example
 * ```ts
 * encodeTlv(0x5c, Uint8Array.of(0x7f, 0x71)); // 5C 02 7F 71
 * ```
 */
export function encodeTlv(tag: number, ...parts: Uint8Array[]): Buffer {
  let length = 0;
  for (const part of parts) length += part.length;
  const tagLength = byteLength(tag);
  const lengthLength = length < 0x80 ? 1 : 1 + byteLength(length);
  const encoded = allocateSecret(tagLength + lengthLength + length);
  encoded.writeUIntBE(tag, 0, tagLength);
  let offset = tagLength;
  if (lengthLength === 1) encoded[offset] = length;
  else {
    encoded[offset] = 0x80 | (lengthLength - 1);
    encoded.writeUIntBE(length, offset + 1, lengthLength - 1);
  }
  offset += lengthLength;
  for (const part of parts) {
    encoded.set(part, offset);
    offset += part.length;
  }
  return encoded;
}

/**
 * Decodes data objects that follow one another and fill the bytes exactly. Values are not looked
 * into: decode a constructed object's value by another call.
 *
 * @throws TlvError when a tag or length is malformed or a value ends outside the bytes
 */
export function decodeTlvs(bytes: Uint8Array): Tlv[] {
  const objects: Tlv[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const tag = readTag(bytes, offset);
    offset += byteLength(tag);
    const first = byteAt(bytes, offset++);
    let length = first;
    if (first >= 0x80) {
      const count = first & 0x7f;
      if (count === 0 || count > LONGEST_LENGTH) throw new TlvError('a length is malformed');
      length = 0;
      for (let index = 0; index < count; index++) length = length * 256 + byteAt(bytes, offset++);
    }
    if (length > bytes.length - offset) throw new TlvError('a value ends outside the data');
    objects.push({ tag, value: bytes.subarray(offset, offset + length) });
    offset += length;
  }
  return objects;
}

/**
 * Decodes bytes that are one data object of the given tag, and gives its value.
 *
 * @throws TlvError
 */
export function decodeTlv(tag: number, bytes: Uint8Array): Uint8Array {
  const [object, ...others] = decodeTlvs(bytes);
  if (object?.tag !== tag || others.length > 0) throw new TlvError('another tag was expected');
  return object.value;
}

/** The value of the first object of that tag; undefined when there is none. */
export function findTlv(objects: readonly Tlv[], tag: number): Uint8Array | undefined {
  return objects.find((object) => object.tag === tag)?.value;
}

/**
 * The tag that starts at `offset`, as a number; also for tag lists (5C), which hold tags alone.
 *
 * @throws TlvError
 */
export function readTag(bytes: Uint8Array, offset: number): number {
  let tag = byteAt(bytes, offset);
  if (tag === 0) throw new TlvError('a tag is malformed');
  if ((tag & MORE_TAG_BYTES) !== MORE_TAG_BYTES) return tag;
  for (let length = 2; length <= LONGEST_TAG; length++) {
    const next = byteAt(bytes, offset + length - 1);
    tag = tag * 256 + next;
    if (next < LAST_TAG_BYTE_LIMIT) return tag;
  }
  throw new TlvError('a tag is longer than three bytes');
}

function byteAt(bytes: Uint8Array, offset: number): number {
  const byte = bytes[offset];
  if (byte === undefined) throw new TlvError('the data ends too early');
  return byte;
}

function byteLength(value: number): number {
  if (value < 0x100) return 1;
  return value < 0x10000 ? 2 : 3;
}
