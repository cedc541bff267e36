import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readInfSections } from '../../../lib/enroll/inf-syntax.js';
import { formatInf, parseInf, VirtualSmartCardError } from '../../../lib/index.js';
import { comparable } from './comparable-request.js';
import { renderedInf } from './inf-rendering.js';
import { enrollmentRequest } from './request-arbitrary.js';

test('what is written is read as the same request', () => {
  fc.assert(
    fc.property(enrollmentRequest, (request) => {
      expect(comparable(parseInf(formatInf(request)))).toEqual(comparable(request));
    }),
    { numRuns: 300 },
  );
});

test('an INF is read by what it says, however it is laid out', () => {
  fc.assert(
    fc.property(renderedInf, ({ sections, text }) => {
      const read = [...readInfSections(text).values()].map(({ name, entries }) => ({
        name,
        entries: entries.map(({ key, fields }) => ({ key, fields })),
      }));
      expect(read).toEqual(sections);
    }),
    { numRuns: 500 },
  );
});

test('the line of an entry is the line it begins on', () => {
  fc.assert(
    fc.property(renderedInf, ({ text }) => {
      const lines = text.split(/\r\n|\n|\r/);
      for (const { entries } of readInfSections(text).values()) {
        for (const { key, line } of entries) expect(lines[line - 1]?.trim()).toMatch(startOf(key));
      }
    }),
    { numRuns: 200 },
  );
});

function startOf(key: string): RegExp {
  return new RegExp(`^${key.replaceAll(/[.-]/g, '\\$&')}\\s*=`);
}

/** Both outcomes are right; anything else than our error is not. */
function understoodOrRefused(inf: string | Uint8Array): 'understood' | 'refused' {
  try {
    parseInf(inf);
    return 'understood';
  } catch (error) {
    if (VirtualSmartCardError.is(error, 'ERR_INF')) return 'refused';
    throw error;
  }
}

test('any text and any bytes are understood or refused', () => {
  const outcomes = new Set<string>();
  const tokens = fc.constantFrom(
    '[NewRequest]',
    '[Extensions]',
    '[Strings]',
    '[',
    ']',
    '\n',
    '\r\n',
    '=',
    '"',
    '""',
    '%',
    '%a%',
    'a',
    '\\',
    '\\\n',
    ';',
    ',',
    '{text}',
    '{hex}',
    '_continue_ = ',
    'Subject = "CN=Jo"\n',
    '&',
    'dns=',
    '2.5.29.17 = ',
    '2.5.29.37 = ',
    '\0',
    '\ud800',
    '\u2028',
    'é',
  );
  fc.assert(
    fc.property(fc.array(tokens, { maxLength: 40 }), (parts) => {
      outcomes.add(understoodOrRefused(`[NewRequest]\nSubject = "CN=Jo"\n${parts.join('')}`));
      outcomes.add(understoodOrRefused(parts.join('')));
    }),
    { numRuns: 1000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      understoodOrRefused(bytes);
    }),
    { numRuns: 300 },
  );
  expect([...outcomes].sort()).toEqual(['refused', 'understood']);
});

test('every file of the corpus is understood or refused with some bytes changed', () => {
  const folder = new URL('inf-files/', import.meta.url);
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.inf'))
    .map((name) => readFileSync(new URL(name, folder)));
  const outcomes = new Set<string>();
  fc.assert(
    fc.property(
      fc.constantFrom(...files),
      fc.array(
        fc.tuple(
          fc.nat(),
          fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('"%\\;,=&[]{}\n'))),
        ),
        {
          minLength: 1,
          maxLength: 4,
        },
      ),
      (file, changes) => {
        const bytes = Buffer.from(file);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        outcomes.add(understoodOrRefused(bytes));
      },
    ),
    { numRuns: 1000 },
  );
  expect([...outcomes].sort()).toEqual(['refused', 'understood']);
});
