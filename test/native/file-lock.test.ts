import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { loadNative } from '../../lib/native.js';
import { ADDON, child, ready, temporaryDirectory } from './support.js';

const native = loadNative();

test('a lock excludes a second one in this process until it is released', () => {
  const path = join(temporaryDirectory(), 'lock');
  const lock = native.lockFile(path);
  expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(() => native.lockFile(path)).toThrow(
    expect.objectContaining({ code: 'LOCK_HELD', holderPid: process.pid }),
  );
  lock.release();
  expect(readFileSync(path, 'utf8')).toBe('');
  lock.release();
  native.lockFile(path).release();
});

test('a lock of another process names its holder, and goes with it when it is killed', async () => {
  const path = join(temporaryDirectory(), 'lock');
  const holder = spawn(process.execPath, [child('hold-lock.mjs'), ADDON, path]);
  try {
    await ready(holder);
    expect(() => native.lockFile(path)).toThrow(
      expect.objectContaining({ code: 'LOCK_HELD', holderPid: holder.pid }),
    );
  } finally {
    holder.kill('SIGKILL');
  }
  await once(holder, 'exit');
  native.lockFile(path).release();
});

test('of many processes that ask for a lock at once, one gets it', async () => {
  const path = join(temporaryDirectory(), 'lock');
  const holders = Array.from({ length: 4 }, () =>
    spawn(process.execPath, [child('hold-lock.mjs'), ADDON, path]),
  );
  const answers = await Promise.all(
    holders.map(async (holder) => {
      const [text] = (await once(holder.stdout, 'data')) as [Buffer];
      return text.toString().trim();
    }),
  );
  for (const holder of holders) holder.kill('SIGKILL');
  const winner = holders[answers.indexOf('ready')];
  const losers = answers.filter((answer) => answer !== 'ready');
  expect(losers).toEqual(Array(3).fill(`LOCK_HELD ${winner?.pid}`));
});

test('a lock goes with the worker thread that took it', async () => {
  const path = join(temporaryDirectory(), 'lock');
  const worker = new Worker(child('lock-thread.mjs'), { workerData: { addon: ADDON, path } });
  await once(worker, 'message');
  expect(() => native.lockFile(path)).toThrow(
    expect.objectContaining({ code: 'LOCK_HELD', holderPid: process.pid }),
  );
  await worker.terminate();
  native.lockFile(path).release();
});

test('a pid that a killed holder left behind is not in the way', () => {
  const path = join(temporaryDirectory(), 'lock');
  writeFileSync(path, '999999999\n');
  const lock = native.lockFile(path);
  expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
  lock.release();
});

test('a file that cannot be made fails with its errno', () => {
  const directory = temporaryDirectory();
  const path = join(directory, 'missing', 'lock');
  expect(() => native.lockFile(path)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  expect(() => native.lockFile(directory)).toThrow(expect.objectContaining({ code: 'EISDIR' }));
  expect(existsSync(join(directory, 'missing'))).toBe(false);
});

test.each<[unknown, string]>([
  ['', 'an empty path'],
  ['a\0b', 'a NUL'],
  [7, 'a number'],
  [undefined, 'nothing'],
])('refuses %j as a path (%s)', (path) => {
  expect(() => native.lockFile(path as string)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
  );
});
