import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const errorsSource = read('../../../lib/errors.ts');
const troubleshooting = read('../../../docs/troubleshooting.md');

/** The members of the union type itself, which the compiler knows and the comment may not. */
const codes = [...errorsSource.matchAll(/^ {2}\| '(ERR_[A-Z0-9_]+)';?$/gm)].map(captured);

describe('the error codes', () => {
  it('are found in the source', () => {
    expect(codes.length).toBeGreaterThan(30);
    expect(new Set(codes).size).toBe(codes.length);
  });

  it('are all in the troubleshooting table, each once, and nothing else is', () => {
    const documented = [...troubleshooting.matchAll(/^\| `(ERR_[A-Z0-9_]+)` \| \S/gm)].map(
      captured,
    );
    expect(documented.sort()).toEqual([...codes].sort());
  });

  it('are all in the table of their own comment, each once, and nothing else is', () => {
    const documented = [...errorsSource.matchAll(/^ \* \| `(ERR_[A-Z0-9_]+)` \| \S/gm)].map(
      captured,
    );
    expect(documented.sort()).toEqual([...codes].sort());
  });
});

function captured(match: RegExpMatchArray): string {
  return match[1] ?? '';
}

function read(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8');
}
