import { expect, test } from 'vitest';
import { type ValidityUnit, validityBounds } from '../../../lib/enroll/validity.js';

test.each<[string, number, ValidityUnit, string]>([
  ['2026-01-15T10:20:30.999Z', 1, 'years', '2027-01-15T10:20:30Z'],
  ['2024-02-29T00:00:00Z', 1, 'years', '2025-02-28T00:00:00Z'],
  ['2024-02-29T00:00:00Z', 4, 'years', '2028-02-29T00:00:00Z'],
  ['2026-01-31T23:59:59Z', 1, 'months', '2026-02-28T23:59:59Z'],
  ['2026-10-31T00:00:00Z', 18, 'months', '2028-04-30T00:00:00Z'],
  ['2026-12-31T00:00:00Z', 1, 'weeks', '2027-01-07T00:00:00Z'],
  ['2026-03-28T12:00:00Z', 2, 'days', '2026-03-30T12:00:00Z'],
  ['2026-03-28T12:00:00Z', 36, 'hours', '2026-03-30T00:00:00Z'],
  ['2026-03-28T12:00:00Z', 90, 'minutes', '2026-03-28T13:30:00Z'],
  ['2026-03-28T12:00:00Z', 90, 'seconds', '2026-03-28T12:01:30Z'],
])('from %s for %i %s', (now, count, unit, end) => {
  const spec = { notBefore: undefined, notAfter: undefined, period: { count, unit } };
  const { notBefore, notAfter } = validityBounds(spec, new Date(now));
  expect(notBefore.toISOString()).toBe(now.replace(/(\.999)?Z$/, '.000Z'));
  expect(notAfter.toISOString()).toBe(end.replace('Z', '.000Z'));
});

test('bounds that are named hold', () => {
  const notBefore = new Date('2030-01-01T00:00:00Z');
  const notAfter = new Date('2030-01-02T00:00:00Z');
  const period = { count: 1, unit: 'years' } as const;
  expect(validityBounds({ notBefore, notAfter, period }, new Date())).toEqual({
    notBefore,
    notAfter,
  });
  const open = validityBounds({ notBefore, notAfter: undefined, period }, new Date());
  expect(open.notAfter).toEqual(new Date('2031-01-01T00:00:00Z'));
});
