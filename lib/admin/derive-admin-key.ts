import { createHmac } from 'node:crypto';
import { describeType, invalidArgument } from '../errors.js';
import { allocateSecret, concatSecret, copySecret, wipe } from '../secret.js';

/** What a key is derived for, so that no other use of the master key gives the same bytes. */
const LABEL = Buffer.from('virtual-smartcard admin key', 'ascii');
const KEY_LENGTH = 24;
/** HMAC-SHA-256 takes any length; less than its hash would make the master key the weakest part. */
const MASTER_KEY_LENGTH = { min: 32, max: 1024 };
const DIVERSIFIER_LENGTH = { min: 1, max: 1024 };

/**
 * DES' weak and semi-weak keys, with odd parity (SP 800-67 Rev. 2, 3.3.2). With one of them, or with
 * two equal parts, triple DES is not what it should be.
 */
const WEAK_PARTS = [
  ...['0101010101010101', 'fefefefefefefefe', 'e0e0e0e0f1f1f1f1', '1f1f1f1f0e0e0e0e'],
  ...['011f011f010e010e', '1f011f010e010e01', '01e001e001f101f1', 'e001e001f101f101'],
  ...['01fe01fe01fe01fe', 'fe01fe01fe01fe01', '1fe01fe00ef10ef1', 'e01fe01ff10ef10e'],
  ...['1ffe1ffe0efe0efe', 'fe1ffe1ffe0efe0e', 'e0fee0fef1fef1fe', 'fee0fee0fef1fef1'],
].map((hex) => Buffer.from(hex, 'hex'));

/**
 * The 24 bytes that SP 800-108 Rev. 1, 4.1 (KDF in counter mode) makes with HMAC-SHA-256: one block,
 * K(1) = HMAC(masterKey, [1]₃₂ ‖ Label ‖ 00 ‖ Context ‖ [192]₃₂), and of it the first 192 bits. The
 * parity bits are left as they come: DES does not use them.
 *
 * @returns memory that the caller wipes
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 */
export function deriveAdminKey(masterKey: unknown, diversifier: unknown): Buffer {
  requireMasterKey(masterKey);
  const context = diversifierBytes(diversifier);
  const fixedInput = concatSecret(
    uint32(1),
    LABEL,
    Uint8Array.of(0),
    context,
    uint32(KEY_LENGTH * 8),
  );
  const block = createHmac('sha256', masterKey).update(fixedInput).digest();
  const key = concatSecret(block.subarray(0, KEY_LENGTH));
  wipe(block, fixedInput, context);
  if (!isWeak(key)) return key;
  wipe(key);
  // One in 2^55: whoever computes the key elsewhere should not have to know of a second try.
  throw invalidArgument('diversifier', 'one that gives a strong key', 'one that gives a weak key');
}

/** @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`, without the key's content */
export function requireMasterKey(masterKey: unknown): asserts masterKey is Uint8Array {
  const { min, max } = MASTER_KEY_LENGTH;
  const isBytes = masterKey instanceof Uint8Array;
  if (isBytes && masterKey.length >= min && masterKey.length <= max) return;
  throw invalidArgument('masterKey', `${min} to ${max} bytes`, describeType(masterKey));
}

/**
 * The diversifier as bytes, in memory of its own.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 */
export function diversifierBytes(diversifier: unknown): Buffer {
  const { min, max } = DIVERSIFIER_LENGTH;
  const expected = `a text or bytes, ${min} to ${max} bytes long`;
  if (typeof diversifier !== 'string' && !(diversifier instanceof Uint8Array)) {
    throw invalidArgument('diversifier', expected, describeType(diversifier));
  }
  const bytes = copySecret(diversifier, 'diversifier');
  if (bytes.length >= min && bytes.length <= max) return bytes;
  throw invalidArgument('diversifier', expected, `${bytes.length} bytes`);
}

/** Whether triple DES with the key falls back to less: equal parts, or a weak one. */
export function isWeak(key: Uint8Array): boolean {
  const parts = [0, 8, 16].map((at) => oddParity(key.subarray(at, at + 8)));
  const isBad = (part: Buffer, at: number) =>
    [...parts.slice(at + 1), ...WEAK_PARTS].some((other) => other.equals(part));
  const found = parts.some(isBad);
  wipe(...parts);
  return found;
}

function oddParity(part: Uint8Array): Buffer {
  const bytes = concatSecret(part);
  for (const [at, byte] of bytes.entries()) {
    let ones = 0;
    for (let bit = 1; bit < 8; bit += 1) ones += (byte >> bit) & 1;
    bytes[at] = (byte & 0xfe) | (ones % 2 === 0 ? 1 : 0);
  }
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = allocateSecret(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
