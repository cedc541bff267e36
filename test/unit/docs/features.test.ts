import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { titlesIn } from './test-titles.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** What stands above the columns, in both tables. */
const COLUMNS = [
  'virtual-smartcard',
  'tpmvscmgr, certreq',
  'WinRT',
  'ykman piv',
  'tpm2-pkcs11',
  'ssh-tpm-agent',
];

interface Row {
  readonly feature: string;
  readonly ours: string;
  readonly others: readonly string[];
}

describe.each([
  ['docs/features.md', 60],
  ['README.md', 10],
] as const)('the features in %s', (page, fewest) => {
  const text = readFileSync(ROOT + page, 'utf8');
  const rows = rowsOf(text);

  it('are in tables with the columns of all six', () => {
    expect(rows.length).toBeGreaterThanOrEqual(fewest);
    const crooked = rows.filter(({ others }) => others.length !== COLUMNS.length - 1);
    expect(crooked).toEqual([]);
    expect(new Set(rows.map(({ feature }) => feature)).size).toBe(rows.length);
  });

  it('are ours with a link to a test, or not ours', () => {
    const bare = rows.filter(({ ours }) => !/^(no\b|not shown\b|\[)/.test(ours));
    expect(bare).toEqual([]);
    const claims = rows.filter(({ ours }) => ours.startsWith('['));
    expect(claims.filter(({ ours }) => testLinks(page, ours).length === 0)).toEqual([]);
  });

  it('are shown by the test that the link names', () => {
    const links = rows.flatMap(({ ours }) => testLinks(page, ours));
    const gone = links.filter(({ file }) => !existsSync(ROOT + file));
    expect(gone).toEqual([]);
    expect(links.filter(({ file, title }) => !titlesIn(file).includes(title))).toEqual([]);
  });

  it('say where only the Windows lab shows them', () => {
    const links = rows.flatMap(({ ours }) => testLinks(page, ours));
    const isLab = ({ file }: { file: string }) => file.startsWith('test/windows-lab/');
    expect(links.filter((link) => isLab(link) !== (link.words === 'lab'))).toEqual([]);
  });

  it('are of the others, or not, or unknown with a note', () => {
    const cells = rows.flatMap(({ others }) => others);
    expect(cells.filter((cell) => !/^(yes|no|partly|—$|\?\[\^)/.test(cell.trim()))).toEqual([]);
    const notes = [...text.matchAll(/\[\^([a-z]+)\](?!:)/g)].map(([, note]) => note);
    const defined = [...text.matchAll(/^\[\^([a-z]+)\]:/gm)].map(([, note]) => note);
    expect([...new Set(notes)].sort()).toEqual(defined.sort());
  });

  it('have those that others have and we have not', () => {
    const theirs = rows.filter(
      ({ ours, others }) => ours.startsWith('no') && others.some((cell) => cell.startsWith('yes')),
    );
    expect(theirs.length).toBeGreaterThan(2);
  });
});

/** The rows of the tables that have these columns. */
function rowsOf(text: string): Row[] {
  const head = `| | ${COLUMNS.join(' | ')} |\n|${'---|'.repeat(COLUMNS.length + 1)}\n`;
  return text.split(head).flatMap((part, table) => {
    if (table === 0) return [];
    const [body = ''] = part.split('\n\n');
    return body
      .trim()
      .split('\n')
      .map((line) => {
        const [feature = '', ours = '', ...others] = line.slice(2, -2).split(' | ');
        return { feature, ours, others };
      });
  });
}

/** The links of a cell to tests: what is said, the file from the root, and the test's title. */
function testLinks(page: string, cell: string): { words: string; file: string; title: string }[] {
  return [...cell.matchAll(/\[([^\]]*)\]\(([^)" ]+)(?: "([^"]*)")?\)/g)]
    .map(([, words = '', path = '', title = '']) => {
      return { words, file: posix.join(posix.dirname(page), path), title };
    })
    .filter(({ file }) => file.startsWith('test/'));
}
