import { createHash } from 'node:crypto';
import { allocateSecret, concatSecret, wipe } from '../secret.js';

/** What a key is derived for: the `ID` byte of RFC 7292, B.3. */
export const Pkcs12Purpose = { KEY: 1, IV: 2, MAC: 3 } as const;

/** What a key is derived with. */
export interface Pkcs12Derivation {
  /** A hash as node:crypto names it, of 64 or 128 bytes a block. */
  hash: string;
  /** The password as {@link pkcs12Password} makes it. */
  password: Uint8Array;
  salt: Uint8Array;
  iterations: number;
}

/**
 * The key derivation of PKCS #12 (RFC 7292, B.2), which node:crypto has not got. The caller wipes the
 * result.
 */
export function pkcs12Key(
  { hash, password, salt, iterations }: Pkcs12Derivation,
  purpose: number,
  length: number,
): Buffer {
  const block = hash === 'sha384' || hash === 'sha512' ? 128 : 64;
  const diversifier = Buffer.alloc(block, purpose);
  const passwords = repeated(password, block);
  const input = concatSecret(repeated(salt, block), passwords);
  wipe(passwords);
  const key = allocateSecret(length);
  for (let offset = 0; offset < length; ) {
    let digest = createHash(hash).update(diversifier).update(input).digest();
    for (let round = 1; round < iterations; round++)
      digest = createHash(hash).update(digest).digest();
    offset += digest.copy(key, offset);
    const summand = repeated(digest, block).subarray(0, block);
    for (let start = 0; start < input.length; start += block) {
      addPlusOne(input.subarray(start, start + block), summand);
    }
    wipe(digest, summand);
  }
  wipe(input);
  return key;
}

/**
 * A password as PKCS #12 takes it: UTF-16, the high byte first, and two zero bytes (RFC 7292, B.1). No
 * string is made of it, which could not be wiped. The caller wipes the result.
 *
 * @param utf8 - valid UTF-8
 */
export function pkcs12Password(utf8: Uint8Array): Buffer {
  const units = allocateSecret(2 * utf8.length + 2);
  let length = 0;
  const put = (unit: number) => {
    length = units.writeUInt16BE(unit, length);
  };
  for (let at = 0; at < utf8.length; ) {
    const first = utf8[at++] ?? 0;
    const following = first < 0xc0 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    let point = following === 0 ? first : first & (0x3f >> following);
    for (let left = following; left > 0; left--) point = (point << 6) | ((utf8[at++] ?? 0) & 0x3f);
    if (point > 0xffff) put(0xd7c0 + (point >> 10));
    put(point > 0xffff ? 0xdc00 | (point & 0x3ff) : point);
  }
  put(0);
  return units.subarray(0, length);
}

/** As often as fills whole blocks; nothing of nothing. */
function repeated(bytes: Uint8Array, block: number): Buffer {
  const length = block * Math.ceil(bytes.length / block);
  const filled = allocateSecret(length);
  for (let at = 0; at < length; at++) filled[at] = bytes[at % bytes.length] ?? 0;
  return filled;
}

/** `target + summand + 1`, modulo what the target has room for. */
function addPlusOne(target: Buffer, summand: Buffer): void {
  let carry = 1;
  for (let at = target.length - 1; at >= 0; at--) {
    const sum = (target[at] ?? 0) + (summand[at] ?? 0) + carry;
    target[at] = sum & 0xff;
    carry = sum >> 8;
  }
}
