import { execFile } from 'node:child_process';
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { AuditFile } from '../../lib/audit/audit-file.js';
import { openAudited } from '../../lib/audit/open-audited.js';
import {
  type AuditEvent,
  type VirtualSmartCardError,
  VirtualSmartCardManager,
} from '../../lib/index.js';
import { expectError } from '../support/expect-error.js';
import { openAuditedManager, told } from '../support/recorded-audit.js';
import { cardOptions, temporaryDirectory } from '../support/store.js';

const AUDIT_FILE = new URL('../../dist/audit/audit-file.js', import.meta.url).href;

async function linesOf(path: string): Promise<AuditEvent[]> {
  const text = await readFile(path, 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as AuditEvent);
}

/** A manager that tells to a file, and what it warned of. */
async function openWarned(stateDirectory: string, audit: object) {
  const warnings: VirtualSmartCardError[] = [];
  const onWarning = (warning: VirtualSmartCardError) => void warnings.push(warning);
  const manager = await VirtualSmartCardManager.open({
    backend: 'embedded',
    stateDirectory,
    tpm: 'libtpms',
    audit: { ...audit, onWarning },
  });
  return { manager, warnings };
}

test("the file is its owner's alone, and is appended to", async () => {
  const folder = await temporaryDirectory();
  const file = join(folder, 'audit.jsonl');
  for (const name of ['first', 'second']) {
    const { manager } = await openAuditedManager(join(folder, 'store'), file);
    await manager.create(cardOptions({ name }));
    await manager.close();
  }
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await linesOf(file)).map(({ instanceId }) => instanceId)).toEqual([
    'ROOT\\SMARTCARDREADER\\0000',
    'ROOT\\SMARTCARDREADER\\0001',
  ]);
});

test('a file that was renamed is made anew', async () => {
  const folder = await temporaryDirectory();
  const file = join(folder, 'audit.jsonl');
  const { manager } = await openAuditedManager(join(folder, 'store'), file);
  const card = await manager.create(cardOptions());
  await rename(file, `${file}.1`);
  await manager.destroy(card.instanceId);
  expect(told(await linesOf(`${file}.1`))).toEqual(['create-card ok']);
  expect(told(await linesOf(file))).toEqual(['destroy-card ok']);
});

test('without a file that can be written nothing is opened', async () => {
  const folder = await temporaryDirectory();
  const stateDirectory = join(folder, 'store');
  const open = (audit: object) =>
    VirtualSmartCardManager.open({ backend: 'embedded', stateDirectory, tpm: 'libtpms', audit });
  const missing = await expectError(open({ file: join(folder, 'none', 'file') }), 'ERR_AUDIT');
  expect(missing.message).toContain('ENOENT');
  await expectError(open({ file: folder }), 'ERR_AUDIT');
  await promisify(execFile)('mkfifo', [join(folder, 'fifo')]);
  await expectError(open({ file: join(folder, 'fifo') }), 'ERR_AUDIT');
  await expect(stat(stateDirectory)).rejects.toThrow('ENOENT');
  for (const audit of [{}, { onEvent: 1 }, { file: '' }, { path: 'x' }, null, 'file']) {
    await expectError(open(audit as object), 'ERR_INVALID_ARGUMENT');
  }
});

test('a disk that is full undoes nothing, and is told', async () => {
  const folder = await temporaryDirectory();
  const { manager, warnings } = await openWarned(join(folder, 'store'), { file: '/dev/full' });
  const card = await manager.create(cardOptions());
  expect(await manager.list()).toHaveLength(1);
  expect(warnings).toMatchObject([{ code: 'ERR_AUDIT', cause: { code: 'ENOSPC' } }]);
  expect(warnings[0]?.message).toContain(`create-card of ${card.instanceId} (ok)`);
  await manager.close();
});

test('an onEvent that throws undoes nothing, and is told', async () => {
  const folder = await temporaryDirectory();
  const file = join(folder, 'audit.jsonl');
  const onEvent = async () => {
    throw new Error('not now');
  };
  const { manager, warnings } = await openWarned(join(folder, 'store'), { file, onEvent });
  await manager.create(cardOptions());
  expect(warnings).toMatchObject([{ code: 'ERR_AUDIT', cause: { message: 'not now' } }]);
  expect(told(await linesOf(file))).toEqual(['create-card ok']);
  await manager.close();
});

test('without onWarning it is a process warning', async () => {
  const folder = await temporaryDirectory();
  const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
  const { manager } = await openAuditedManager(join(folder, 'store'), '/dev/full');
  await manager.create(cardOptions());
  expect(await warned).toMatchObject({ name: 'VirtualSmartCardWarning', code: 'ERR_AUDIT' });
});

test('the call has ended when its event was taken', async () => {
  const folder = await temporaryDirectory();
  let taken = false;
  const manager = await VirtualSmartCardManager.open({
    backend: 'embedded',
    stateDirectory: join(folder, 'store'),
    tpm: 'libtpms',
    audit: {
      onEvent: async () => {
        await new Promise((resolve) => setTimeout(resolve, 50));
        taken = true;
      },
    },
  });
  await manager.create(cardOptions());
  expect(taken).toBe(true);
  await manager.close();
});

test('two processes append whole lines to one file', async () => {
  const folder = await temporaryDirectory();
  const path = join(folder, 'audit.jsonl');
  const count = 200;
  const program = `
    const { AuditFile } = await import(${JSON.stringify(AUDIT_FILE)});
    const file = await AuditFile.open(${JSON.stringify(path)});
    const text = process.argv[1].repeat(500);
    await Promise.all(Array.from({ length: ${count} }, (_, n) => file.append({ n, text })));`;
  const run = (letter: string) =>
    promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program, letter]);
  await Promise.all(['a', 'b', 'c'].map(run));
  const lines = (await linesOf(path)) as unknown as { n: number; text: string }[];
  expect(lines).toHaveLength(3 * count);
  for (const letter of ['a', 'b', 'c']) {
    const own = lines.filter(({ text }) => text === letter.repeat(500));
    expect(own.map(({ n }) => n)).toEqual(Array.from({ length: count }, (_, n) => n));
  }
});

test('a line that the disk cut short keeps the next one apart', async () => {
  const folder = await temporaryDirectory();
  const path = join(folder, 'audit.jsonl');
  // The limit on a file's size cuts a write as a full disk does.
  const program = `
    const { AuditFile } = await import(${JSON.stringify(AUDIT_FILE)});
    process.on('SIGXFSZ', () => undefined);
    const { truncate } = await import('node:fs/promises');
    const path = ${JSON.stringify(path)};
    const file = await AuditFile.open(path);
    const failed = await file.append({ text: 'x'.repeat(2000) }).catch((error) => error.code);
    await truncate(path, 100);
    await file.append({ last: true });
    console.log(failed);`;
  const { stdout } = await promisify(execFile)('bash', [
    '-c',
    'ulimit -f 1; exec "$@"',
    'bash',
    process.execPath,
    '--input-type=module',
    '--eval',
    program,
  ]);
  expect(stdout.trim()).toBe('ENOSPC');
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  expect(lines).toHaveLength(2);
  expect(JSON.parse(lines[1] ?? '')).toEqual({ last: true });
});

test('a file of another who may be written to is appended to as it is', async () => {
  const path = join(await temporaryDirectory(), 'audit.jsonl');
  await writeFile(path, '{"before":1}\n', { mode: 0o640 });
  await (await AuditFile.open(path)).append({ after: 1 });
  expect(await readFile(path, 'utf8')).toBe('{"before":1}\n{"after":1}\n');
  expect((await stat(path)).mode & 0o777).toBe(0o640);
});

test('without audit nothing stands between a call and its backend', async () => {
  const backend = { kind: 'embedded' } as never;
  expect(await openAudited(undefined, async () => backend)).toBe(backend);
});
