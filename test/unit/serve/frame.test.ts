import { describe, expect, test } from 'vitest';
import { decodeFrame, encodeFrame, MAX_FRAME_LENGTH } from '../../../lib/serve/frame.js';
import { FrameReader } from '../../../lib/serve/frame-reader.js';

/** A frame of these parts, whatever they are. */
function rawFrame(json: string, rest = Buffer.alloc(0), jsonLength = Buffer.byteLength(json)) {
  const prefix = Buffer.alloc(8);
  prefix.writeUInt32LE(4 + Buffer.byteLength(json) + rest.length, 0);
  prefix.writeUInt32LE(jsonLength, 4);
  return Buffer.concat([prefix, Buffer.from(json), rest]);
}

describe('a frame', () => {
  test('carries a header and bytes, and is memory of its own', () => {
    const secrets = [Buffer.from('12345678'), Buffer.alloc(0), Buffer.alloc(70_000, 7)];
    const frame = encodeFrame({ id: 1, params: { name: 'Grüße' } }, secrets);
    expect(frame.byteOffset).toBe(0);
    expect(frame.buffer.byteLength).toBe(frame.length);
    const { header, attachments } = decodeFrame(frame);
    expect(header).toMatchObject({ id: 1, params: { name: 'Grüße' } });
    expect(attachments.map((each) => Buffer.from(each))).toEqual(secrets);
  });

  test('is refused when it is too long, before it is sent', () => {
    expect(() => encodeFrame({}, [Buffer.alloc(MAX_FRAME_LENGTH)])).toThrow(RangeError);
  });

  test.each([
    ['no JSON', rawFrame('{')],
    ['a number', rawFrame('7')],
    ['null', rawFrame('null')],
    ['a list', rawFrame('[]')],
    ['deep nesting that ends nowhere', rawFrame('['.repeat(100_000))],
    ['a header longer than the frame', rawFrame('{}', Buffer.alloc(0), 3)],
    ['a header of the longest length', rawFrame('{}', Buffer.alloc(0), 0xffffffff)],
    ['bytes that are not listed', rawFrame('{}', Buffer.from('x'))],
    ['fewer bytes than listed', rawFrame('{"attachments":[2]}', Buffer.from('x'))],
    ['more bytes than listed', rawFrame('{"attachments":[2]}', Buffer.from('xyz'))],
    ['a negative length', rawFrame('{"attachments":[-1,2]}', Buffer.from('x'))],
    ['half a byte', rawFrame('{"attachments":[0.5,0.5]}', Buffer.from('x'))],
    ['a text for a length', rawFrame('{"attachments":["1"]}', Buffer.from('x'))],
    ['no list', rawFrame('{"attachments":{"length":1}}', Buffer.from('x'))],
    ['too many', rawFrame('{"attachments":[0,0,0,0,0]}')],
  ])('%s is no frame', (_, bytes) => {
    expect(() => decodeFrame(bytes)).toThrow(RangeError);
  });

  test('with a prototype for a name has that name and no other prototype', () => {
    const { header } = decodeFrame(rawFrame('{"__proto__":{"attachments":[9]}}'));
    expect(Object.getPrototypeOf(header)).toBe(Object.prototype);
  });
});

describe('the reader', () => {
  test.each([1, 3, 1000, 1 << 20])('puts frames together from pieces of %i bytes', (size) => {
    const sent = [0, 1, 5000, 60_000].map((length, id) =>
      encodeFrame({ id }, [Buffer.alloc(length, id)]),
    );
    const bytes = Buffer.concat(sent);
    const reader = new FrameReader();
    const got: unknown[] = [];
    for (let offset = 0; offset < bytes.length; offset += size) {
      reader.add(bytes.subarray(offset, offset + size));
      for (let frame = reader.first(); frame; frame = reader.first()) {
        const [attachment] = frame.attachments;
        got.push([
          frame.header['id'],
          attachment?.length,
          attachment?.every((each) => each === frame.header['id']),
        ]);
        reader.drop();
      }
    }
    expect(got).toEqual([
      [0, 0, true],
      [1, 1, true],
      [2, 5000, true],
      [3, 60_000, true],
    ]);
  });

  test('wipes a frame that was taken, and leaves the next one', () => {
    const reader = new FrameReader();
    reader.add(Buffer.concat([encodeFrame({}, [Buffer.from('12345678')]), encodeFrame({ id: 2 })]));
    const [secret] = reader.first()?.attachments ?? [];
    expect(Buffer.from(secret ?? []).toString()).toBe('12345678');
    reader.drop();
    expect(secret?.every((each) => each === 0)).toBe(true);
    expect(reader.first()?.header['id']).toBe(2);
    reader.wipe();
    expect(reader.first()).toBeUndefined();
  });

  test.each([0, 3, MAX_FRAME_LENGTH + 1, 0xffffffff])(
    'a length of %i is refused at once',
    (length) => {
      const reader = new FrameReader();
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(length, 0);
      reader.add(bytes);
      expect(() => reader.first()).toThrow(RangeError);
    },
  );
});
