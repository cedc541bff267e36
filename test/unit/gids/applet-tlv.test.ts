import { describe, expect, it } from 'vitest';
import { decodeTlv, decodeTlvs, encodeTlv, findTlv, TlvError } from '../../../lib/gids/tlv.js';
import { bytes, hex } from '../../support/applet-card.js';
import { SeededRandom } from '../../support/random.js';

describe('BER-TLV', () => {
  it.each([
    [0x83, 0, '8300'],
    [0x83, 1, '8301'],
    [0x7f49, 127, '7F497F'],
    [0xdf23, 128, 'DF238180'],
    [0xdf23, 255, 'DF2381FF'],
    [0xdf23, 256, 'DF23820100'],
    [0x5fc102, 65535, '5FC10282FFFF'],
    [0x04, 65536, '0483010000'],
  ])('encodes tag %i with %i bytes', (tag, length, head) => {
    const value = Buffer.alloc(length, 0xab);
    const encoded = encodeTlv(tag, value);
    expect(hex(encoded)).toBe(head + hex(value));
    expect(hex(decodeTlv(tag, encoded))).toBe(hex(value));
  });

  it('decodes objects that follow one another, without looking into them', () => {
    const objects = decodeTlvs(bytes('8401 81 A503 7F4980 DF2300'));
    expect(objects.map(({ tag, value }) => [tag, hex(value)])).toEqual([
      [0x84, '81'],
      [0xa5, '7F4980'],
      [0xdf23, ''],
    ]);
    expect(findTlv(objects, 0xdf23)).toHaveLength(0);
    expect(findTlv(objects, 0xdf24)).toBeUndefined();
  });

  it.each([
    ['no length', '83'],
    ['half a tag', '7F'],
    ['a value cut off', '8302AA'],
    ['a length cut off', '838201'],
    ['an indefinite length', '8380AA0000'],
    ['a length of four bytes', '838400000001AA'],
    ['a zero tag', '0001AA'],
    ['a tag of four bytes', '5F81828301AA'],
    ['a far too long value', '8383FFFFFFAA'],
  ])('refuses %s', (_what, encoded) => {
    expect(() => decodeTlvs(bytes(encoded))).toThrow(TlvError);
  });

  it('refuses another tag, or more than one object, where one is asked for', () => {
    expect(() => decodeTlv(0x83, bytes('8401AA'))).toThrow(TlvError);
    expect(() => decodeTlv(0x83, bytes('8301AA8301AA'))).toThrow(TlvError);
    expect(() => decodeTlv(0x83, bytes(''))).toThrow(TlvError);
  });

  it('never reads outside the bytes, whatever they are', () => {
    const random = new SeededRandom(0x715);
    let decoded = 0;
    for (let round = 0; round < 20_000; round++) {
      // Small bytes make objects that fit; others are tags, lengths and rubbish.
      const limit = random.pick([6, 256]);
      const sample = Buffer.from(
        Array.from({ length: random.below(24) }, () => random.below(limit)),
      );
      try {
        for (const { value } of decodeTlvs(sample)) {
          expect(value.byteOffset + value.length).toBeLessThanOrEqual(
            sample.byteOffset + sample.length,
          );
          decoded++;
        }
      } catch (error) {
        expect(error).toBeInstanceOf(TlvError);
      }
    }
    expect(decoded).toBeGreaterThan(100);
  });
});
