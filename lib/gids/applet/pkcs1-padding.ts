import { concatSecret } from '../../secret.js';

/** PKCS#1 v1.5 takes 00, a type byte, at least 8 padding bytes and 00 (RFC 8017, 7.2.1 and 9.2). */
const SMALLEST_PADDING = 8;
const PKCS1_OVERHEAD = 3 + SMALLEST_PADDING;

/**
 * EMSA-PKCS1-v1_5 around data as they are (a DigestInfo, or what a host signs in its place).
 *
 * @returns undefined when there are no data or they do not fit
 */
export function padPkcs1Signature(data: Uint8Array, length: number): Buffer | undefined {
  if (data.length === 0 || data.length > length - PKCS1_OVERHEAD) return undefined;
  const block = Buffer.alloc(length, 0xff);
  block[0] = 0x00;
  block[1] = 0x01;
  block[length - data.length - 1] = 0x00;
  block.set(data, length - data.length);
  return block;
}

/**
 * Takes RSAES-PKCS1-v1_5 padding off. Every byte is looked at in the same way whatever the block
 * holds, and there is one kind of failure, so that neither tells how a forged cryptogram failed.
 *
 * @returns the message as memory of its own; undefined when the padding is wrong
 */
export function unpadPkcs1(block: Uint8Array): Buffer | undefined {
  let isWrong = differs(block[0] ?? 0xff, 0x00) | differs(block[1] ?? 0xff, 0x02);
  let isSeen = 0;
  let separator = 0;
  for (let index = 2; index < block.length; index++) {
    const isFirst = (differs(block[index] ?? 0xff, 0x00) ^ 1) & (isSeen ^ 1);
    separator |= -isFirst & index;
    isSeen |= isFirst;
  }
  // Negative, so with its sign bit set, when the separator comes before 8 padding bytes.
  isWrong |= isSeen ^ 1;
  isWrong |= (separator - 2 - SMALLEST_PADDING) >>> 31;
  return isWrong ? undefined : concatSecret(block.subarray(separator + 1));
}

/** 1 when two bytes differ, else 0, without a branch. */
function differs(a: number, b: number): number {
  return ((a ^ b) + 0xff) >> 8;
}
