import { describe, expect, it } from 'vitest';
import {
  encodeCommand,
  encodeResponse,
  parseCommand,
  responseData,
  statusWordOf,
} from '../../../lib/gids/apdu.js';
import { bytes, hex } from '../../support/applet-card.js';

const header = { cla: 0x00, ins: 0xcb, p1: 0x3f, p2: 0xff };
const data = (length: number) => Buffer.alloc(length, 0xd5);

describe('command APDUs', () => {
  it.each([
    ['1', {}, '00CB3FFF'],
    ['2 short', { le: 4 }, '00CB3FFF04'],
    ['2 short, all', { le: 256 }, '00CB3FFF00'],
    ['2 extended', { le: 257 }, '00CB3FFF000101'],
    ['2 extended, all', { le: 65536 }, '00CB3FFF000000'],
    ['3 short', { data: data(2) }, '00CB3FFF02D5D5'],
    ['4 short', { data: data(2), le: 256 }, '00CB3FFF02D5D500'],
    ['4 short, 1 byte', { data: data(1), le: 255 }, '00CB3FFF01D5FF'],
    ['4 extended by Le', { data: data(1), le: 300 }, '00CB3FFF000001D5012C'],
    ['4 extended, all', { data: data(1), le: 65536 }, '00CB3FFF000001D50000'],
    ['3 extended', { data: data(256) }, `00CB3FFF000100${'D5'.repeat(256)}`],
    ['4 extended by data', { data: data(256), le: 256 }, `00CB3FFF000100${'D5'.repeat(256)}0100`],
    ['3 extended, longest', { data: data(65535) }, `00CB3FFF00FFFF${'D5'.repeat(65535)}`],
  ])('encodes and parses case %s', (_case, fields, encoded) => {
    const command = encodeCommand({ ...header, ...fields });
    expect(hex(command)).toBe(encoded);
    const parsed = parseCommand(command);
    expect(parsed).toMatchObject({ ...header, le: 'le' in fields ? fields.le : undefined });
    expect(hex(parsed?.data ?? data(1))).toBe(hex('data' in fields ? fields.data : data(0)));
    expect(parsed?.extended).toBe(encoded.length > 12 && encoded.slice(8, 10) === '00');
  });

  it.each([
    '',
    '00',
    '00CB3F',
    '00CB3FFF02D5',
    '00CB3FFF02D5D50000',
    '00CB3FFF0000',
    '00CB3FFF00000000',
    '00CB3FFF000000D5',
    '00CB3FFF000002D5',
    '00CB3FFF000001D500',
    '00CB3FFF000001D5000000',
  ])('does not take %s for a command', (encoded) => {
    expect(parseCommand(bytes(encoded))).toBeUndefined();
  });

  it('refuses what an extended APDU has no room for', () => {
    expect(() => encodeCommand({ ...header, data: data(65536) })).toThrow(RangeError);
    expect(() => encodeCommand({ ...header, le: 65537 })).toThrow(RangeError);
    expect(() => encodeCommand({ ...header, le: 0 })).toThrow(RangeError);
  });

  it('gives memory of its own, so that a PIN can be wiped', () => {
    const command = encodeCommand({ ins: 0x20, p1: 0, p2: 0x80, data: data(8) });
    expect(command.buffer.byteLength).toBe(command.length);
  });
});

describe('response APDUs', () => {
  it('are data and status word', () => {
    const response = encodeResponse(0x6105, data(2));
    expect(hex(response)).toBe('D5D56105');
    expect(statusWordOf(response)).toBe(0x6105);
    expect(hex(responseData(response))).toBe('D5D5');
  });

  it('have no status word when too short', () => {
    expect(statusWordOf(data(1))).toBeUndefined();
    expect(responseData(data(1))).toHaveLength(0);
  });
});
