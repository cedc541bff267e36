import { describe, expect, test } from 'vitest';
import { parseInf, VirtualSmartCardError } from '../../../lib/index.js';

const HEAD = '[NewRequest]\nSubject = "CN=Jo"\n';
const MEGABYTE = 1_000_000;
/** What is read at all. */
const LIMIT = 262_144;

/** Fills what fits into an INF with one line again and again. */
function filled(line: string, head = HEAD): string {
  return head + line.repeat(Math.floor((LIMIT - 200 - head.length) / line.length));
}

/** Each ends in an error of ours; the time limit is that of a file which takes quadratic time. */
const HOSTILE: [name: string, inf: () => string | Uint8Array, message: RegExp][] = [
  ['10 MB of text', () => 'a'.repeat(10 * MEGABYTE), /at most 262144 characters/],
  ['10 MB of bytes', () => Buffer.alloc(10 * MEGABYTE, '\n'), /at most 262144 bytes/],
  ['a million blank lines', () => '\n'.repeat(MEGABYTE), /at most 262144 characters/],
  ['as many blank lines as are read', () => '\n'.repeat(LIMIT), /no section/],
  ['NULs', () => Buffer.alloc(LIMIT), /not text/],
  [
    'UTF-16 without a mark',
    () => Buffer.from(filled('A = b\n'), 'utf16le').subarray(0, LIMIT),
    /not text/,
  ],
  ['lone surrogates', () => filled('\ud800'), /not text/],
  ['one long line', () => filled('a'), /key = value/],
  ['one long key', () => `${filled('a')}=b`, /too long/],
  ['blanks without an equals sign', () => `${HEAD}a${' '.repeat(LIMIT - 100)}b`, /key = value/],
  ['an open section', () => `${HEAD}[${' '.repeat(LIMIT - 100)}a`, /\[Name\]/],
  ['brackets', () => filled('['), /\[Name\]/],
  [
    'many sections',
    () => `${Array.from({ length: 30_000 }, (_, n) => `[s${n}]`).join('\n')}`,
    /\[s0\] is not supported/,
  ],
  ['one key again and again', () => filled('KeyLength = 2048\n'), /already/],
  [
    'unknown keys',
    () => HEAD + Array.from({ length: 15_000 }, (_, n) => `k${n} = ${n}`).join('\n'),
    /k0 is not understood/,
  ],
  ['quotes', () => filled('"'), /key = value/],
  [
    'a value of quotes',
    () => filled('"', `${HEAD}FriendlyName = `),
    /closing quote|characters|quote/,
  ],
  ['quoted fields', () => filled('"",', `${HEAD}FriendlyName = `), /in quotes|missing/],
  ['commas', () => filled(',', `${HEAD}FriendlyName = `), /missing/],
  ['backslashes at line ends', () => filled('\\\n', `${HEAD}FriendlyName = a`), /backslash/],
  ['a value over many lines', () => filled('b,\\\n', `${HEAD}FriendlyName = `), /backslash/],
  [
    'deep _continue_',
    () => filled('_continue_ = "a"\n', `${HEAD}FriendlyName = a\n`),
    /1 to 256 characters/,
  ],
  [
    'deep _continue_ of names',
    () => filled('_continue_ = "dns=a&"\n', `${HEAD}[Extensions]\n2.5.29.17 = "{text}"\n`),
    /more than 256 names/,
  ],
  [
    'deep _continue_ of digits',
    () => filled('_continue_ = "0"\n', `${HEAD}[Extensions]\n1.2.3 = "{hex}"\n`),
    /more than 16384 bytes|hexadecimal|DER/,
  ],
  [
    'a continuation of nothing',
    () => `${HEAD}[Extensions]\n${'_continue_ = "a"\n'.repeat(1000)}`,
    /nothing before it/,
  ],
  ['ampersands', () => filled('&', `${HEAD}[Extensions]\n2.5.29.17 = {text}`), /NAME=value/],
  ['usages', () => filled('1.2.3,', `${HEAD}[Extensions]\n2.5.29.37 = "{text}`), /closing quote/],
  [
    'strings that mean each other',
    () => `[Strings]\na = "%b%"\nb = "%a%"\n${HEAD}`,
    /not replaced within each other/,
  ],
  [
    'a string that means itself',
    () => `[Strings]\na = "%a%"\n${HEAD}FriendlyName = %a%`,
    /not replaced within each other/,
  ],
  [
    'strings that make it huge',
    () => `[Strings]\na = ${'x'.repeat(100_000)}\n${HEAD}FriendlyName = "${'%a%'.repeat(40_000)}"`,
    /too long/,
  ],
  ['percent signs', () => filled('%', `${HEAD}FriendlyName = "`), /closing quote/],
  ['percent signs alone', () => `${filled('%x', `${HEAD}FriendlyName = `)}`, /Strings/],
  [
    'a Subject of blanks',
    () => `[NewRequest]\nSubject = "CN=${'a '.repeat(2000)}${' '.repeat(90)}"`,
    /at most 64/,
  ],
  [
    'names of blanks',
    () =>
      `${HEAD}[Extensions]\n2.5.29.17 = "{text}${`directoryname=CN=a${' '.repeat(900)}b&`.repeat(256)}"`,
    /at most 64/,
  ],
  [
    'an object identifier without end',
    () => `${HEAD}[Extensions]\n${'1.'.repeat(100)}1 = "{hex}0500"`,
    /object identifier/,
  ],
  [
    'an object identifier of a huge number',
    () => `${HEAD}[EnhancedKeyUsageExtension]\nOID = 1.2.${'9'.repeat(60)}`,
    /object identifier/,
  ],
  [
    'DER that promises gigabytes',
    () => `${HEAD}[Extensions]\n1.2.3 = "{hex}30 84 7f ff ff ff 00"`,
    /not DER/,
  ],
  ['DER of unknown length', () => `${HEAD}[Extensions]\n1.2.3 = "{hex}30 80 00 00"`, /not DER/],
];

describe.each(HOSTILE)('%s', (_name, inf, message) => {
  test('is refused at once', { timeout: 5000 }, () => {
    const text = inf();
    let error: unknown;
    try {
      parseInf(text);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(VirtualSmartCardError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message.length).toBeLessThan(2000);
  });
});

test('DER in many layers is carried as it is', () => {
  let nested = Buffer.from('0500', 'hex');
  while (nested.length < 16_000) {
    const length = Buffer.from([0x83, 0, nested.length >> 8, nested.length & 0xff]);
    const short = nested.length < 0x80 ? Buffer.from([nested.length]) : length;
    nested = Buffer.concat([Buffer.from([0x30]), short, nested]);
  }
  const lines = nested.toString('hex').match(/.{1,64}/g) ?? [];
  const continued = lines.map((digits) => `_continue_ = "${digits}"`).join('\n');
  for (const oid of ['1.2.3', '2.5.29.17', '2.5.29.37']) {
    const request = parseInf(`${HEAD}[Extensions]\n${oid} = "{hex}"\n${continued}`);
    expect(request.extensions).toHaveLength(1);
    expect(nested.equals(request.extensions[0]?.value ?? Buffer.alloc(0))).toBe(true);
  }
});
