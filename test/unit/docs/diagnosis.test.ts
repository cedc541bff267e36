import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const FOLDER = new URL('../../../lib/diagnose/', import.meta.url);
const page = readFileSync(new URL('../../../docs/doctor.md', import.meta.url), 'utf8');
const sources = readdirSync(FOLDER).map((name) => readFileSync(new URL(name, FOLDER), 'utf8'));

/** Ids that the code gives findings, whatever their severity. */
const given = sources.flatMap((text) =>
  [
    ...text.matchAll(
      /(?:findings\.(?:ok|info|warning|error|failure)|complain)\(\s*'([a-z0-9-]+)'/g,
    ),
  ].map(([, id = '']) => id),
);

describe('docs/doctor.md', () => {
  it('lists each finding that there is, and no other', () => {
    const rows = page.split('\n').filter((line) => line.startsWith('| `'));
    const listed = rows.flatMap((row) =>
      [...(row.split('|')[1] ?? '').matchAll(/`([a-z0-9-]+)`/g)].map(([, id = '']) => id),
    );
    expect(new Set(given).size).toBeGreaterThan(40);
    expect(new Set(listed).size).toBe(listed.length);
    expect(listed.sort()).toEqual([...new Set(given)].sort());
  });
});
