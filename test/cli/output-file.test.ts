import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OutputFile } from '../../lib/cli/output-file.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vsc-output-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const BYTES = Buffer.from('the result');

describe('an output file', () => {
  it('appears whole, with its permission bits, and leaves nothing beside it', async () => {
    const path = join(folder, 'key');
    const file = await OutputFile.reserve(path, { force: false, mode: 0o600 });
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
    await file.commit(BYTES);
    expect(await readFile(path)).toEqual(BYTES);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await file.discard();
    expect(await readdir(folder)).toEqual(['key']);
    await file.remove();
    expect(await readdir(folder)).toEqual([]);
  });

  it('never overwrites without force: neither a file there already nor one that comes meanwhile', async () => {
    const path = join(folder, 'out');
    const file = await OutputFile.reserve(path, { force: false });
    await writeFile(path, 'someone else');
    await expect(file.commit(BYTES)).rejects.toMatchObject({ code: 'ERR_FILE_EXISTS' });
    await expect(OutputFile.reserve(path, { force: false })).rejects.toMatchObject({
      code: 'ERR_FILE_EXISTS',
    });
    // Nor is it taken back, not being this one.
    await file.remove();
    expect(await readFile(path, 'utf8')).toBe('someone else');
    expect(await readdir(folder)).toEqual(['out']);
  });

  it('replaces with force, through a symbolic link', async () => {
    await writeFile(join(folder, 'target'), 'old');
    await symlink(join(folder, 'target'), join(folder, 'link'));
    const file = await OutputFile.reserve(join(folder, 'link'), { force: true });
    expect(await readFile(join(folder, 'target'), 'utf8')).toBe('old');
    await file.commit(BYTES);
    expect(await readFile(join(folder, 'target'))).toEqual(BYTES);
    expect((await readdir(folder)).sort()).toEqual(['link', 'target']);
  });

  it('leaves nothing when it is given up', async () => {
    const file = await OutputFile.reserve(join(folder, 'out'), { force: false });
    await file.discard();
    expect(await readdir(folder)).toEqual([]);
  });

  it('writes to a device without replacing it', async () => {
    const before = await stat('/dev/null');
    const file = await OutputFile.reserve('/dev/null', { force: true });
    await file.commit(BYTES);
    await file.remove();
    const after = await stat('/dev/null');
    expect([after.isCharacterDevice(), after.ino]).toEqual([true, before.ino]);
  });

  it.each([
    ['ENOENT', 'missing/out'],
    ['EISDIR', '.'],
  ])('says what is wrong with a path before anything happens: %s', async (code, path) => {
    await expect(OutputFile.reserve(join(folder, path), { force: true })).rejects.toMatchObject({
      code: 'ERR_FILE_WRITE',
      message: expect.stringContaining(code),
    });
  });
});
