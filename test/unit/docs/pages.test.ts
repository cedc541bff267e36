import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PAGES = ['', 'docs/'].flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => folder + name),
);

describe.each(PAGES)('%s', (page) => {
  it('links to what is there', () => {
    const text = read(page);
    // A link may have a title, in quotes.
    const found = text.matchAll(/\]\((?!https?:)([^)"]+?)(?: "[^"]*")?\)/g);
    const links = [...found].map(([, link = '']) => link);
    const broken = links.filter((link) => {
      const [path = '', heading] = link.split('#');
      const target = path === '' ? page : resolve('/', dirname(page), path).slice(1);
      if (!existsSync(join(ROOT, target))) return true;
      return heading !== undefined && !headingsOf(read(target)).includes(heading);
    });
    expect(broken).toEqual([]);
  });
});

describe('README.md', () => {
  it('leads to each page', () => {
    const more = read('README.md').split('## More')[1] ?? '';
    const pages = PAGES.filter((page) => page !== 'README.md');
    expect(pages.filter((page) => !more.includes(`](${page})`))).toEqual([]);
  });

  it('shows a program that works', () => {
    const [, program = ''] = /```js\n([\s\S]*?)```/.exec(read('README.md')) ?? [];
    expect(program).toContain('manager.create');
    const inf = read('examples/request.inf');
    const before = `
      import { verify } from 'node:crypto';
      const pin = '8 digits';
      const data = 'what is signed';
      const infText = ${JSON.stringify(inf)};`;
    const after = `
      console.log(verify('sha256', Buffer.from(data), certificate.x509.publicKey, signature));`;
    // The default would be the TPM chip of whoever runs this.
    const own = program.replace('.open()', ".open({ tpm: 'libtpms' })");
    expect(own).not.toBe(program);
    const output = runProgram(before + own + after);
    expect(output.trim().split('\n')).toEqual(['ROOT\\SMARTCARDREADER\\0000 Build server', 'true']);
  });
});

/** Runs a module that uses the package by its name, with a store of its own. */
function runProgram(module: string): string {
  const store = mkdtempSync(join(tmpdir(), 'vsc-readme-'));
  try {
    return execFileSync(process.execPath, ['--input-type=module', '--eval', module], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, VIRTUAL_SMARTCARD_HOME: store, NODE_NO_WARNINGS: '1' },
    });
  } finally {
    rmSync(store, { recursive: true });
  }
}

/** The anchors that a Markdown viewer gives the headings of a page. */
function headingsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}
