import { describe, expect, test } from 'vitest';
import { FrameBuffer } from '../../../lib/pcsc/frame-buffer.js';
import { checkedPublishOptions } from '../../../lib/pcsc/publish-options.js';
import { slotFraming } from '../../../lib/pcsc/slot-framing.js';
import { vpcdFraming } from '../../../lib/pcsc/vpcd-framing.js';
import { expectError } from '../../support/expect-error.js';

const bytes = (hex: string) => Buffer.from(hex, 'hex');
const framings = { slot: slotFraming, vpcd: vpcdFraming };

describe("our driver's frames", () => {
  test('are told apart', () => {
    const decode = (hex: string) => slotFraming.decode(bytes(hex));
    expect(decode('000000020001')).toEqual({ kind: 'greeting', version: 1 });
    expect(decode('0000000101')).toEqual({ kind: 'powerOn' });
    expect(decode('0000000102')).toEqual({ kind: 'powerOff' });
    expect(decode('0000000103')).toEqual({ kind: 'reset' });
    expect(decode('000000050400200080')).toEqual({ kind: 'apdu', command: bytes('00200080') });
    for (const wrong of ['0000000105', '00000001ff', '000000020100', '0000000100', '00000000']) {
      expect(() => decode(wrong), wrong).toThrow(RangeError);
    }
  });

  test('each have one answer, also an empty one', () => {
    const answer = (hex: string) => slotFraming.encode({ kind: 'powerOff' }, bytes(hex));
    expect(answer('')).toEqual(bytes('00000000'));
    expect(answer('9000')).toEqual(bytes('000000029000'));
  });
});

describe("vpcd's frames", () => {
  test('are told apart', () => {
    const decode = (hex: string) => vpcdFraming.decode(bytes(hex));
    expect(decode('000100')).toEqual({ kind: 'powerOff' });
    expect(decode('000101')).toEqual({ kind: 'powerOn' });
    expect(decode('000102')).toEqual({ kind: 'reset' });
    expect(decode('000104')).toEqual({ kind: 'atr' });
    expect(decode('000400200080')).toEqual({ kind: 'apdu', command: bytes('00200080') });
    expect(() => decode('000103')).toThrow(RangeError);
  });

  test('have an answer where something is asked', () => {
    const answer = bytes('9000');
    expect(vpcdFraming.encode({ kind: 'atr' }, answer)).toEqual(bytes('00029000'));
    expect(vpcdFraming.encode({ kind: 'apdu', command: answer }, answer)).toEqual(
      bytes('00029000'),
    );
    for (const kind of ['powerOn', 'powerOff', 'reset'] as const) {
      expect(vpcdFraming.encode({ kind }, answer)).toBeUndefined();
    }
    const tooLong = Buffer.alloc(65_536);
    expect(() => vpcdFraming.encode({ kind: 'apdu', command: answer }, tooLong)).toThrow(
      RangeError,
    );
  });
});

describe.each(['slot', 'vpcd'] as const)('a frame buffer for %s', (name) => {
  const framing = framings[name];
  const frame = name === 'slot' ? bytes('000000050400200080') : bytes('000400200080');

  test('gives frames whole, however they arrive, and wipes them', () => {
    const buffer = new FrameBuffer(framing);
    for (const byte of frame.subarray(0, -1)) {
      buffer.add(Buffer.of(byte));
      expect(buffer.first()).toBeUndefined();
    }
    buffer.add(Buffer.concat([frame.subarray(-1), frame, frame.subarray(0, 3)]));
    for (let time = 0; time < 2; time++) {
      const first = buffer.first();
      expect(Buffer.from(first ?? [])).toEqual(frame);
      if (first) buffer.drop(first);
    }
    expect(buffer.first()).toBeUndefined();
    buffer.add(frame.subarray(3));
    const last = buffer.first();
    if (!last) throw new Error('the third frame is whole');
    buffer.drop(last);
    expect(Buffer.from(last)).toEqual(Buffer.alloc(frame.length));
  });

  test('takes no more than a reader may send', () => {
    const buffer = new FrameBuffer(framing);
    expect(() => buffer.add(Buffer.alloc(framing.maxFrameLength + 1))).toThrow(RangeError);
    if (name === 'vpcd') return;
    buffer.add(bytes('ffffffff04'));
    expect(() => buffer.first()).toThrow(RangeError);
  });
});

test('vpcd is not used unless it is asked for by its true name', async () => {
  const check = async (options: object) => checkedPublishOptions(options);
  const refused = await expectError(check({ vpcdPort: 35963 }), 'ERR_INVALID_ARGUMENT');
  expect(refused.message).toContain('without authentication');
  await expectError(check({ insecureVpcd: true, directory: '/x' }), 'ERR_INVALID_ARGUMENT');
  await expectError(check({ insecureVpcd: 'yes' }), 'ERR_INVALID_ARGUMENT');
  await expectError(check({ insecureVpcd: true, vpcdPort: 65_530 }), 'ERR_INVALID_ARGUMENT');
  await expectError(check({ onWarning: 'loud' }), 'ERR_INVALID_ARGUMENT');
  await expectError(check({ directroy: '/x' }), 'ERR_INVALID_ARGUMENT');
  expect((await check({ insecureVpcd: true })).place).toEqual({ vpcdPort: 35963 });
  expect((await check({})).place).toEqual({ directory: '/var/lib/virtual-smartcard/readers' });
});
