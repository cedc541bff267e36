import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type EnrollmentRequest, formatInf, parseInf } from '../../../lib/index.js';
import { comparable } from './comparable-request.js';
import { EXPECTED, REFUSED } from './inf-expectations.js';

const CORPUS = new URL('inf-files/', import.meta.url);

function read(name: string): Buffer {
  return readFileSync(new URL(`${name}.inf`, CORPUS));
}

function namesIn(folder: string): string[] {
  return readdirSync(new URL(folder, CORPUS))
    .filter((name) => name.endsWith('.inf'))
    .map((name) => name.slice(0, -'.inf'.length));
}

test('there are at least 40 files, each with what it means', () => {
  expect(namesIn('./').length).toBeGreaterThanOrEqual(40);
  expect(namesIn('./').sort()).toEqual(Object.keys(EXPECTED).sort());
  expect(namesIn('refused/').sort()).toEqual(Object.keys(REFUSED).sort());
});

test('they come in every encoding and with every line end', () => {
  const files = namesIn('./').map(read);
  const marks = files.map((bytes) => bytes.toString('hex', 0, 2));
  expect(marks).toEqual(expect.arrayContaining(['fffe', 'feff', 'efbb']));
  const ansi = files.filter(
    (bytes) => !isUtf8(bytes) && !/^fffe|^feff/.test(bytes.toString('hex')),
  );
  expect(ansi.length).toBeGreaterThanOrEqual(2);
  const ends = files.map((bytes) => /\r\n|\r|\n/.exec(bytes.toString('latin1'))?.[0]);
  expect(ends).toEqual(expect.arrayContaining(['\r\n', '\r', '\n']));
});

describe('is understood and written back without loss', () => {
  test.each(namesIn('./'))('%s', (name) => {
    const request = parseInf(read(name));
    expect(request).toMatchObject(EXPECTED[name] as Partial<EnrollmentRequest>);

    const text = formatInf(request);
    const again = parseInf(text);
    expect(comparable(again)).toEqual(comparable(request));
    expect(formatInf(again)).toBe(text);
  });
});

describe('is refused with its line and the reason', () => {
  test.each(namesIn('refused/'))('%s', (name) => {
    const [line, message] = REFUSED[name] ?? [];
    expect(() => parseInf(read(`refused/${name}`))).toThrow(
      expect.objectContaining({
        code: 'ERR_INF',
        line,
        message: expect.stringMatching(message ?? ''),
      }),
    );
  });
});

function isUtf8(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes);
}
