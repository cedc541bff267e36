import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { AdminKey, VirtualSmartCardError } from '../../../lib/index.js';

const DEFAULT_HEX = '010203040506070801020304050607080102030405060708';
const OTHER_HEX = '0123456789abcdef23456789abcdef01456789abcdef0123';
const COUNTING_HEX = '000102030405060708090a0b0c0d0e0f1011121314151617';
const CHALLENGE = Buffer.from('0011223344556677', 'hex');

// Computed with another implementation of triple DES.
test.each([
  { hex: DEFAULT_HEX, kcv: 'b073dc' },
  { hex: OTHER_HEX, kcv: '4eba73' },
  { hex: COUNTING_HEX, kcv: '894bc3' },
])('the key check value of $hex is $kcv', ({ hex, kcv }) => {
  expect(AdminKey.fromHex(hex).kcv).toBe(kcv);
});

test.each([
  { hex: DEFAULT_HEX, response: '26604d88e55bd3e7' },
  { hex: OTHER_HEX, response: '109aeac4d79bfadd' },
])('$hex answers the challenge by $response', ({ hex, response }) => {
  expect(AdminKey.fromHex(hex).respond(CHALLENGE).toString('hex')).toBe(response);
});

test('default is the key that everybody knows, random is another one each time', () => {
  expect(AdminKey.default().exportHex()).toBe(DEFAULT_HEX);
  const keys = Array.from({ length: 20 }, () => AdminKey.random().exportHex());
  expect(new Set(keys).size).toBe(20);
  for (const key of keys) expect(key).toMatch(/^[0-9a-f]{48}$/);
});

test('hexadecimal digits and bytes lead to the same key, in either case', () => {
  const bytes = Buffer.from(OTHER_HEX, 'hex');
  const key = AdminKey.fromBytes(bytes);
  bytes.fill(0);
  expect(key.exportHex()).toBe(OTHER_HEX);
  expect(AdminKey.fromHex(OTHER_HEX.toUpperCase()).exportBytes().toString('hex')).toBe(OTHER_HEX);
});

test('what it exports and what is cloned are copies', () => {
  const key = AdminKey.fromHex(OTHER_HEX);
  key.exportBytes().fill(0);
  const clone = key.clone();
  key.dispose();
  expect(clone.exportHex()).toBe(OTHER_HEX);
});

test('shows itself nowhere by accident', () => {
  const key = AdminKey.fromHex(OTHER_HEX);
  const shown = [
    String(key),
    JSON.stringify({ key }),
    inspect(key, { depth: 9, showHidden: true }),
  ];
  for (const text of shown) {
    expect(text).toContain('AdminKey');
    expect(text.toLowerCase().replaceAll(/[^0-9a-f]/g, '')).not.toContain('0123456789abcdef');
  }
});

test.each([
  ['too short', '0'.repeat(47)],
  ['too long', '0'.repeat(49)],
  ['not hexadecimal', 'g'.repeat(48)],
  ['empty', ''],
  ['no text', 42],
  ['missing', undefined],
])('fromHex refuses what is %s, without showing it', (_what, hex) => {
  expect(() => AdminKey.fromHex(hex as string)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', parameter: 'adminKey' }),
  );
});

test('fromBytes and respond refuse other lengths and types', () => {
  const key = AdminKey.random();
  for (const bytes of [new Uint8Array(23), new Uint8Array(25), 'x'.repeat(24), undefined]) {
    expect(() => AdminKey.fromBytes(bytes as Uint8Array)).toThrow(VirtualSmartCardError);
  }
  for (const challenge of [new Uint8Array(7), new Uint8Array(16), 'eight888']) {
    expect(() => key.respond(challenge as Uint8Array)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', parameter: 'challenge' }),
    );
  }
});

test('disposed of, it is good for nothing', () => {
  const key = AdminKey.random();
  {
    using disposed = key;
    expect(disposed.kcv).toHaveLength(6);
  }
  for (const use of [
    () => key.exportHex(),
    () => key.exportBytes(),
    () => key.kcv,
    () => key.clone(),
    () => key.respond(CHALLENGE),
  ]) {
    expect(use).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }));
  }
  key.dispose();
});
