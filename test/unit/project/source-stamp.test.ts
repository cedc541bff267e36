import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

type StampModule = typeof import('../../../scripts/support/source-stamp.mjs');

const SUPPORT = fileURLToPath(new URL('../../../scripts/support', import.meta.url));

/** A clone in small: the scripts find it by where they lie. */
let clone: string;
let stamp: (condition?: string) => InstanceType<StampModule['SourceStamp']>;

beforeEach(async () => {
  clone = mkdtempSync(join(tmpdir(), 'vsc-stamp-'));
  cpSync(SUPPORT, join(clone, 'scripts', 'support'), { recursive: true });
  for (const folder of ['source/deep', 'out']) mkdirSync(join(clone, folder), { recursive: true });
  for (const file of ['one.txt', 'source/a', 'source/deep/b', 'out/product']) write(file, file);
  const module = join(clone, 'scripts', 'support', 'source-stamp.mjs');
  const { SourceStamp } = (await import(pathToFileURL(module).href)) as StampModule;
  stamp = (condition = 'x64') =>
    new SourceStamp({
      product: 'out/product',
      sources: ['one.txt', 'source', 'absent'],
      conditions: [condition],
    });
});

afterEach(() => rmSync(clone, { recursive: true, force: true }));

describe('a source stamp', () => {
  it('is not current before it was written', () => {
    expect(stamp().isCurrent).toBe(false);
  });

  it('is current after, and stays so when times change', () => {
    stamp().write();
    write('source/a', 'source/a');
    expect(stamp().isCurrent).toBe(true);
  });

  it.each<[string, () => void]>([
    ['a source changed', () => write('source/deep/b', 'changed')],
    ['a source was added', () => write('source/deep/c', '')],
    ['a source was removed', () => remove('source/a')],
    ['a source was renamed', () => renameSync(join(clone, 'source/a'), join(clone, 'source/z'))],
    ['the product changed', () => write('out/product', 'built by hand')],
    ['the product is gone', () => remove('out/product')],
  ])('is not current when %s', (_what, change) => {
    stamp().write();
    change();
    expect(stamp().isCurrent).toBe(false);
  });

  it('is not current under another condition', () => {
    stamp('x64').write();
    expect(stamp('arm64').isCurrent).toBe(false);
  });
});

function write(path: string, content: string): void {
  writeFileSync(join(clone, path), content);
}

function remove(path: string): void {
  rmSync(join(clone, path));
}
