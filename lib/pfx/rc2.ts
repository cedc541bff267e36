import { allocateSecret, wipe } from '../secret.js';

/** PITABLE of RFC 2268: a permutation of all bytes made of the digits of pi. */
const PERMUTATION = Buffer.from(
  'd978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2' +
    '179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82' +
    '54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626' +
    '6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7' +
    '08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec' +
    'c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731' +
    '2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9' +
    '0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad',
  'hex',
);
const BLOCK = 8;
const ROTATIONS = [1, 2, 3, 5];

/**
 * RC2 in CBC mode with padding (RFC 2268), which node:crypto has not got. Old PFX files have their
 * certificates under it with a key of 40 bits: no secret, so nothing is lost by that.
 *
 * @param key - as long as its effective bits say
 * @throws RangeError when the padding is wrong: another key, or damaged data
 */
export function decryptRc2(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Buffer {
  const words = keySchedule(key);
  const plain = allocateSecret(data.length);
  const view = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  for (let offset = 0; offset + BLOCK <= data.length; offset += BLOCK) {
    const before = offset === 0 ? Buffer.from(iv) : view.subarray(offset - BLOCK, offset);
    const block = decryptBlock(words, view.subarray(offset, offset + BLOCK));
    for (let at = 0; at < BLOCK; at++) plain[offset + at] = (block[at] ?? 0) ^ (before[at] ?? 0);
    wipe(block);
  }
  const padding = plain.at(-1) ?? 0;
  const tail = plain.subarray(plain.length - padding);
  const isPadded = padding >= 1 && padding <= BLOCK && tail.every((byte) => byte === padding);
  if (data.length % BLOCK !== 0 || !isPadded) throw new RangeError('the padding is wrong');
  return plain.subarray(0, plain.length - padding);
}

/** RFC 2268, 2: 64 words of 16 bits; the key's length is its number of effective bits, too. */
function keySchedule(key: Uint8Array): Uint16Array {
  const bytes = new Uint8Array(128);
  bytes.set(key);
  const at = (index: number) => bytes[index] ?? 0;
  for (let index = key.length; index < 128; index++) {
    bytes[index] = permuted(at(index - 1) + at(index - key.length));
  }
  const first = 128 - key.length;
  bytes[first] = permuted(at(first));
  for (let index = first - 1; index >= 0; index--) {
    bytes[index] = permuted(at(index + 1) ^ at(index + key.length));
  }
  return Uint16Array.from({ length: 64 }, (_, index) => at(2 * index) | (at(2 * index + 1) << 8));
}

/** RFC 2268, 4. */
function decryptBlock(key: Uint16Array, block: Buffer): Buffer {
  const words = Uint16Array.from([0, 2, 4, 6], (at) => block.readUInt16LE(at));
  const word = (index: number) => words[(index + 4) % 4] ?? 0;
  let next = 63;
  const mix = () => {
    for (let at = 3; at >= 0; at--) {
      const turn = ROTATIONS[at] ?? 0;
      const rotated = (word(at) >> turn) | (word(at) << (16 - turn));
      const chosen = (word(at - 1) & word(at - 2)) + (~word(at - 1) & word(at - 3));
      words[at] = rotated - (key[next--] ?? 0) - chosen;
    }
  };
  const mash = () => {
    for (let at = 3; at >= 0; at--) words[at] = word(at) - (key[word(at - 1) & 63] ?? 0);
  };
  for (const rounds of [5, 6, 5]) {
    for (let round = 0; round < rounds; round++) mix();
    if (next >= 0) mash();
  }
  const plain = Buffer.alloc(BLOCK);
  for (const [at, value] of words.entries()) plain.writeUInt16LE(value, 2 * at);
  words.fill(0);
  return plain;
}

function permuted(byte: number): number {
  return PERMUTATION[byte & 0xff] ?? 0;
}
