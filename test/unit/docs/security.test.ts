import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { titlesIn } from './test-titles.js';

const ROOT = new URL('../../../', import.meta.url);
const [text = '', list = ''] = read('docs/security.md').split(/^## Tests$/m);

/** The tests that the page names, by their keys. */
const rows = [...list.matchAll(/^\| ([a-z]+:[a-z-]+) \| (\S+) \| (.+) \|$/gm)].map(
  ([, key = '', file = '', title = '']) => ({ key, file, title }),
);
const keys = rows.map(({ key }) => key);

/** What the page says: the items of its lists, the rows of its table, its paragraphs. */
const statements = text.split('\n').filter((line) => /^(- |\| |\*\*)/.test(line));

const used = [...text.matchAll(/\[([a-z]+:[a-z-]+)\]/g)].map(([, key = '']) => key);

describe('docs/security.md', () => {
  it('has its statements and its list of tests', () => {
    expect(statements.length).toBeGreaterThan(50);
    expect(rows.length).toBeGreaterThan(40);
    expect(rows).toHaveLength(list.split('\n').filter((line) => line.startsWith('| ')).length - 1);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('names a test for each statement, or says that none shows it', () => {
    const isHeading = (line: string) => /^\| what \|/.test(line) || /:$/.test(line);
    const bare = statements.filter(
      (line) => !isHeading(line) && !/\[[a-z]+:[a-z-]+\]|\*[Nn]ot shown\*?/.test(line),
    );
    expect(bare).toEqual([]);
  });

  it('lists each test that it names, and no other', () => {
    expect([...new Set(used)].sort()).toEqual([...keys].sort());
  });

  it.each(rows)('$key is a test of that title', ({ file, title }) => {
    expect(existsSync(new URL(file, ROOT)), file).toBe(true);
    expect(titlesIn(file)).toContain(title);
  });
});

describe('the search for titles', () => {
  it('finds those of test, it and each, and no other strings', () => {
    const titles = titlesIn('test/unit/docs/security.test.ts');
    expect(titles).toContain('names a test for each statement, or says that none shows it');
    expect(titles).toContain('$key is a test of that title');
    expect(titles).not.toContain('docs/security.md');
    expect(titles).not.toContain('test/unit/docs/security.test.ts');
  });
});

function read(path: string): string {
  return readFileSync(fileURLToPath(new URL(path, ROOT)), 'utf8');
}
