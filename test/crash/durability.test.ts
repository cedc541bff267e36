import { randomBytes } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { runOperation } from '../support/crash-child.js';
import { scenarios } from '../support/crash-scenarios.js';
import { withManager } from '../support/crash-store.js';
import { temporaryDirectory } from '../support/store.js';

/**
 * A kill loses nothing that was written, a power cut loses what was not synced. Nobody can cut the
 * power here; but the order of the system calls shows whether anything would be lost.
 */

/** A system call on a file of the store. */
interface Call {
  name: 'write' | 'fsync' | 'rename' | 'unlink';
  path: string;
}

const PATTERNS: [Call['name'], RegExp][] = [
  ['write', /^p?write(?:64|v)?\(\d+<([^>]+)>/],
  ['fsync', /^f(?:data)?sync\(\d+<([^>]+)>/],
  ['rename', /^rename(?:at2?)?\(.*"([^"]+)"(?:, 0)?[) <]/],
  ['unlink', /^unlink(?:at)?\(.*"([^"]+)"/],
];
const TRACED = 'write,pwrite64,writev,fsync,fdatasync,?rename,renameat,renameat2,?unlink,unlinkat';

/** What an operation does to the store's files, by strace, which `-y` makes name each file. */
async function callsOf(name: string): Promise<Call[]> {
  const root = await temporaryDirectory();
  const scenario = scenarios[name]?.();
  if (!scenario) throw new Error(`there is no scenario ${name}`);
  const task = await withManager(root, (manager) => scenario.prepare(manager));
  const log = join(tmpdir(), `vsc-strace-${randomBytes(6).toString('hex')}`);
  try {
    const strace = ['strace', '-f', '-qq', '-y', '-s', '400', '-o', log, '-e', `trace=${TRACED}`];
    await runOperation({ stateDirectory: root, tpm: 'libtpms', ...task }, strace);
    return parse(await readFile(log, 'utf8'), root);
  } finally {
    await rm(log, { force: true });
  }
}

function parse(log: string, root: string): Call[] {
  return log.split('\n').flatMap((line) => {
    const text = line.replace(/^\d+ +/, '');
    for (const [name, pattern] of PATTERNS) {
      const found = pattern.exec(text)?.[1];
      // The software TPM names its files relative to its directory.
      const path = found?.startsWith('per') ? join(root, 'tpm', found) : found;
      if (path?.startsWith(`${root}/`)) return [{ name, path }];
    }
    return [];
  });
}

/** The name under which a file's new content is written before it takes the file's place. */
function newContentOf(path: string): string {
  return path.includes('/tpm/') ? `${path}.new` : `${path}.tmp`;
}

const CARD_AND_TPM = ['0000.card', 'permall'];

test.each([
  ['create', CARD_AND_TPM],
  ['enroll', ['0000.card']],
  ['change PIN', CARD_AND_TPM],
  ['delete key', CARD_AND_TPM],
  ['destroy', ['permall']],
])('%s: what replaces a file is synced before, and its directory after', async (name, replaced) => {
  const calls = await callsOf(name);
  const renames = calls.filter((call) => call.name === 'rename');
  expect(renames.map(({ path }) => basename(path))).toEqual(expect.arrayContaining(replaced));
  for (const rename of renames) {
    const at = calls.indexOf(rename);
    const content = newContentOf(rename.path);
    const before = calls.slice(0, at).filter(({ path }) => path === content);
    expect(before.slice(-2).map((call) => call.name)).toEqual(['write', 'fsync']);
    expect(isSyncedAfter(calls, at), `${rename.path} was renamed`).toBe(true);
  }
});

test('a card that was destroyed stays away: the directory is synced', async () => {
  const calls = await callsOf('destroy');
  const at = calls.findIndex(({ name, path }) => name === 'unlink' && path.endsWith('/0000.card'));
  expect(at).toBeGreaterThanOrEqual(0);
  expect(isSyncedAfter(calls, at)).toBe(true);
});

/** Whether the directory of a call's file is synced after the call. */
function isSyncedAfter(calls: readonly Call[], at: number): boolean {
  const directory = dirname(calls[at]?.path ?? '');
  return calls.slice(at).some(({ name, path }) => name === 'fsync' && path === directory);
}
