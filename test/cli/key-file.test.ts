import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { type Environment, run } from '../../lib/cli/run.js';
import { VirtualSmartCardError } from '../../lib/index.js';
import { temporaryDirectory } from '../support/store.js';
import { MemoryBackend } from '../unit/face/memory-backend.js';

/** `create` with the random admin key in a file, in this process and on that backend. */
async function createWithKeyFile(backend: MemoryBackend) {
  const folder = await temporaryDirectory();
  const file = join(folder, 'key.txt');
  const words = ['create', '--name', 'Card', '--generate', '--pin-stdin', '--json'];
  const environment = {
    stdin: Readable.from([Buffer.from('12345678\n')]),
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    env: {},
    open: async () => backend.manager(),
  };
  const exitCode = await run(
    [...words, '--admin-key-out', file],
    environment as unknown as Environment,
  );
  const files = await readdir(folder);
  const key = files.includes('key.txt') ? (await readFile(file, 'utf8')).trim() : undefined;
  return { exitCode, key, files };
}

test('the file has the key of the card', async () => {
  const backend = new MemoryBackend();
  const { exitCode, key, files } = await createWithKeyFile(backend);
  expect([exitCode, files]).toEqual([0, ['key.txt']]);
  expect(key).toMatch(/^[0-9a-f]{48}$/);
});

test('without the card the file goes', async () => {
  const backend = new MemoryBackend();
  backend.connectFailure = new VirtualSmartCardError('ERR_STATE_IO', 'The disk is full.');
  expect(await createWithKeyFile(backend)).toEqual({ exitCode: 1, key: undefined, files: [] });
  expect(backend.cards.size).toBe(0);
});

test('when the card could not be destroyed again, its key is kept', async () => {
  const backend = new MemoryBackend();
  backend.connectFailure = new VirtualSmartCardError('ERR_STATE_IO', 'The disk is full.');
  backend.destroy = () => Promise.reject(new Error('the disk is still full'));
  const { exitCode, key } = await createWithKeyFile(backend);
  expect([exitCode, backend.cards.size]).toEqual([1, 1]);
  expect(key).toMatch(/^[0-9a-f]{48}$/);
});

test('when Windows has made the card and wants a restart, its key is kept', async () => {
  const backend = new MemoryBackend();
  backend.create = () =>
    Promise.reject(
      new VirtualSmartCardError('ERR_REBOOT_REQUIRED', 'Restart.', { instanceIds: ['0000'] }),
    );
  const { exitCode, key } = await createWithKeyFile(backend);
  expect(exitCode).toBe(1);
  expect(key).toMatch(/^[0-9a-f]{48}$/);
});
