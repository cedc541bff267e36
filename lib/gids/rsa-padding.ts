import { createHash, randomBytes } from 'node:crypto';
import type { HashName } from '../backend/backend.js';
import { allocateSecret, wipe } from '../secret.js';

/** Bytes of a digest. */
export const DIGEST_LENGTHS: Readonly<Record<HashName, number>> = {
  SHA1: 20,
  SHA256: 32,
  SHA384: 48,
  SHA512: 64,
};

/** What stands before a digest in DigestInfo (RFC 8017, 9.2, notes). */
const DIGEST_INFO_PREFIXES: Readonly<Record<HashName, Buffer>> = {
  SHA1: Buffer.from('3021300906052b0e03021a05000414', 'hex'),
  SHA256: Buffer.from('3031300d060960864801650304020105000420', 'hex'),
  SHA384: Buffer.from('3041300d060960864801650304020205000430', 'hex'),
  SHA512: Buffer.from('3051300d060960864801650304020305000440', 'hex'),
};

const TRAILER = 0xbc;

/** DigestInfo, DER: the digest with the name of its hash (RFC 8017, 9.2, step 2). */
export function encodeDigestInfo(digest: Uint8Array, hash: HashName): Buffer {
  const prefix = DIGEST_INFO_PREFIXES[hash];
  const encoded = Buffer.alloc(prefix.length + digest.length);
  prefix.copy(encoded);
  encoded.set(digest, prefix.length);
  return encoded;
}

/**
 * EMSA-PSS (RFC 8017, 9.1.1) with MGF1 of the same hash and a salt as long as the digest.
 *
 * @returns a block as long as the modulus; undefined when the modulus is too short for the hash
 */
export function encodePss(
  digest: Uint8Array,
  hash: HashName,
  modulusBits: number,
): Buffer | undefined {
  const hashLength = DIGEST_LENGTHS[hash];
  const blockBits = modulusBits - 1;
  const length = Math.ceil(blockBits / 8);
  if (length < 2 * hashLength + 2) return undefined;
  const salt = randomBytes(hashLength);
  const h = createHash(hash).update(Buffer.alloc(8)).update(digest).update(salt).digest();
  const block = Buffer.alloc(length);
  const maskedLength = length - hashLength - 1;
  block[maskedLength - hashLength - 1] = 0x01;
  salt.copy(block, maskedLength - hashLength);
  xor(block.subarray(0, maskedLength), generateMask(h, maskedLength, hash));
  block[0] = (block[0] ?? 0) & (0xff >> (8 * length - blockBits));
  h.copy(block, maskedLength);
  block[length - 1] = TRAILER;
  const modulusLength = Math.ceil(modulusBits / 8);
  return length === modulusLength ? block : Buffer.concat([Buffer.alloc(1), block]);
}

/**
 * EME-OAEP decoding (RFC 8017, 7.1.2, step 3) with MGF1 of the same hash and an empty label. Looks
 * at the whole block whatever it finds, and does not say what was wrong with it.
 *
 * @param block - modulus-long, straight from the private operation; the caller wipes it
 * @returns the message, which the caller wipes; undefined when the padding is wrong
 */
export function decodeOaep(block: Uint8Array, hash: HashName): Buffer | undefined {
  const hashLength = DIGEST_LENGTHS[hash];
  if (block.length < 2 * hashLength + 2) return undefined;
  const seed = allocateSecret(hashLength);
  const data = allocateSecret(block.length - hashLength - 1);
  seed.set(block.subarray(1, 1 + hashLength));
  data.set(block.subarray(1 + hashLength));
  try {
    xor(seed, generateMask(data, hashLength, hash));
    xor(data, generateMask(seed, data.length, hash));
    const labelHash = createHash(hash).digest();
    let wrong = block[0] ?? 0xff;
    for (let at = 0; at < hashLength; at++) wrong |= (data[at] ?? 0) ^ (labelHash[at] ?? 0);
    let start = 0;
    for (let at = hashLength; at < data.length; at++) {
      const byte = data[at] ?? 0;
      // 1 while only zeros were seen: then a 01 starts the message and anything else is wrong.
      const searching = Number(start === 0);
      wrong |= searching & Number(byte > 1);
      start += searching & Number(byte === 1) ? at + 1 : 0;
    }
    if (wrong !== 0 || start === 0) return undefined;
    const message = allocateSecret(data.length - start);
    data.copy(message, 0, start);
    return message;
  } finally {
    wipe(seed, data);
  }
}

/** MGF1 (RFC 8017, B.2.1). */
function generateMask(seed: Uint8Array, length: number, hash: HashName): Buffer {
  const hashLength = DIGEST_LENGTHS[hash];
  const mask = allocateSecret(Math.ceil(length / hashLength) * hashLength);
  const counter = Buffer.alloc(4);
  for (let offset = 0, count = 0; offset < length; offset += hashLength, count++) {
    counter.writeUInt32BE(count);
    createHash(hash).update(seed).update(counter).digest().copy(mask, offset);
  }
  return mask.subarray(0, length);
}

function xor(target: Uint8Array, mask: Uint8Array): void {
  for (let at = 0; at < target.length; at++) target[at] = (target[at] ?? 0) ^ (mask[at] ?? 0);
  wipe(mask);
}
