import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  formatAdminChallenge,
  formatAdminResponse,
  parseAdminChallenge,
  parseAdminResponse,
} from '../../../lib/index.js';

test('a challenge and a response come back from their texts, however they are typed', () => {
  for (let round = 0; round < 200; round += 1) {
    const code = randomBytes(8);
    const text = formatAdminChallenge(code);
    expect(text).toMatch(/^([0-9A-F]{4}-){4}[0-9A-F]{4}$/);
    expect(formatAdminResponse(code)).not.toBe(text);
    expect(parseAdminResponse(formatAdminResponse(code))).toEqual(code);
    for (const typed of [text, text.toLowerCase(), text.replaceAll('-', ' '), ` ${text}\n`]) {
      expect(parseAdminChallenge(typed)).toEqual(code);
    }
  }
});

test('without check digits it is taken as other programs show it', () => {
  const code = randomBytes(8);
  expect(parseAdminChallenge(code.toString('hex'))).toEqual(code);
  expect(parseAdminResponse(code.toString('hex').toUpperCase())).toEqual(code);
});

test('one digit that is wrong, and two that changed places, are found', () => {
  const text = formatAdminResponse(Buffer.from('0123456789abcdef', 'hex')).replaceAll('-', '');
  for (let at = 0; at < text.length; at += 1) {
    const digit = text[at] === '0' ? '1' : '0';
    const slip = text.slice(0, at) + digit + text.slice(at + 1);
    expect(() => parseAdminResponse(slip)).toThrow(/check digits do not fit/);
    const swapped = `${text.slice(0, at)}${text[at + 1] ?? ''}${text[at]}${text.slice(at + 2)}`;
    if (swapped !== text) expect(() => parseAdminResponse(swapped)).toThrow(/check digits/);
  }
});

test('one is not taken for the other', () => {
  const code = randomBytes(8);
  expect(() => parseAdminResponse(formatAdminChallenge(code))).toThrow(/got a challenge/);
  expect(() => parseAdminChallenge(formatAdminResponse(code))).toThrow(/got a response/);
});

test.each([
  ['nothing', ''],
  ['a digit too few', 'ABCD-1234-ABCD-1234-ABC'],
  ['a digit too many', 'ABCD-1234-ABCD-1234-ABCD-1'],
  ['a letter O', 'ABCD-1234-ABCD-1234-ABCO'],
  ['an admin key', '0123456789abcdef23456789abcdef01456789abcdef0123'],
  ['no text', 4711],
])('%s is refused, and not repeated', (_what, text) => {
  for (const parse of [parseAdminChallenge, parseAdminResponse]) {
    let error: unknown;
    try {
      parse(text as string);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    if (text !== '') expect(String(error)).not.toContain(String(text).slice(0, 12));
  }
});

test('only 8 bytes become a text', () => {
  for (const code of [randomBytes(7), randomBytes(9), 'eight888', undefined]) {
    expect(() => formatAdminChallenge(code as Uint8Array)).toThrow(/8 bytes/);
    expect(() => formatAdminResponse(code as Uint8Array)).toThrow(/8 bytes/);
  }
});
