import { chmod, chown, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { diagnose } from '../../lib/index.js';
import { expectError } from '../support/expect-error.js';
import { ServeProcess } from '../support/serve-process.js';
import { cardOptions, openManager, otherPin, temporaryDirectory } from '../support/store.js';
import { complaints, diagnosed, found } from './support.js';

const MISSING = { severity: 'info', title: 'There is no store yet.' };

/** Every file of a store but the TPM's own, whose state changes when it is started. */
async function filesOf(root: string): Promise<Record<string, string>> {
  const names = await readdir(root, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile() && !entry.parentPath.endsWith('/tpm'));
  const paths = files.map(({ parentPath, name }) => join(parentPath, name)).sort();
  const read = paths.map(async (path) => [path, await readFile(path, 'base64')] as const);
  return Object.fromEntries(await Promise.all(read));
}

/** A store with one card, closed again. */
async function storeWithCard(): Promise<{ root: string; pin: Buffer }> {
  const root = join(await temporaryDirectory(), 'store');
  const manager = await openManager(root);
  const options = cardOptions({ name: 'Desk' });
  await manager.create(options);
  await manager.close();
  return { root, pin: options.pin };
}

test('where there is no store none is made, and what it would take is told', async () => {
  const root = join(await temporaryDirectory(), 'store');
  const report = await diagnosed(root);
  expect(found(report, 'state-directory')).toMatchObject([MISSING]);
  expect(found(report, 'libtpms')).toMatchObject([{ severity: 'ok' }]);
  expect(report.versions).toMatchObject({ node: process.versions.node, platform: 'linux' });
  expect(report.versions.libtpms).toMatch(/libtpms\.so/);
  await expect(readdir(root)).rejects.toThrow('ENOENT');
});

test('a healthy store is told to be so, and left as it was', async () => {
  const { root } = await storeWithCard();
  const before = await filesOf(root);
  const report = await diagnosed(root);
  expect(complaints(report)).toEqual([]);
  expect(report.healthy).toBe(true);
  const well = ['state-modes', 'disk-space', 'store', 'store-owner', 'tpm', 'tpm-lockout', 'card'];
  for (const id of well) expect(found(report, id), id).toMatchObject([{ severity: 'ok' }]);
  expect(found(report, 'tpm-space')[0]?.facts?.['nvCountersAvailable']).toBeGreaterThan(0);
  expect(await filesOf(root)).toEqual(before);
});

test('what a killed process left is told, and left to the next opening', async () => {
  const { root } = await storeWithCard();
  const temporary = join(root, 'cards', '0001.card.tmp');
  await writeFile(temporary, 'half', { mode: 0o600 });
  const report = await diagnosed(root);
  expect(found(report, 'interrupted-change')).toMatchObject([{ subject: temporary }]);
  expect(found(report, 'card')).toHaveLength(1);
  expect(await readFile(temporary, 'utf8')).toBe('half');
  await (await openManager(root)).close();
  expect(await readdir(join(root, 'cards'))).toEqual(['0000.card']);
});

test('what others may read is told, with the command that closes it', async () => {
  const { root } = await storeWithCard();
  const card = join(root, 'cards', '0000.card');
  await chmod(root, 0o755);
  await chmod(card, 0o644);
  const report = await diagnosed(root);
  expect(found(report, 'state-modes')).toMatchObject([
    { severity: 'warning', subject: root, remedy: `chmod 700 "${root}"` },
    { severity: 'warning', subject: card, remedy: `chmod 600 "${card}"` },
  ]);
});

test("another user's store is not opened", async () => {
  const { root } = await storeWithCard();
  const before = await filesOf(root);
  await chown(root, 12_345, 12_345);
  const report = await diagnosed(root);
  expect(complaints(report)).toEqual(['error state-owner']);
  expect(found(report, 'state-owner')[0]?.facts).toEqual({ owner: 12_345, user: 0 });
  expect(await filesOf(root)).toEqual(before);
});

test('damaged and missing files are told', async () => {
  const { root } = await storeWithCard();
  const settings = join(root, 'store.json');
  const text = await readFile(settings);
  await writeFile(join(root, 'cards', '0003.card'), 'no card', { mode: 0o600 });
  const damaged = await diagnosed(root);
  expect(found(damaged, 'card-file')).toMatchObject([
    {
      severity: 'error',
      subject: 'ROOT\\SMARTCARDREADER\\0003',
      facts: { code: 'ERR_STATE_CORRUPT' },
    },
  ]);
  await rm(join(root, 'cards', '0003.card'));
  await writeFile(settings, '{}');
  expect(complaints(await diagnosed(root))).toEqual(['error store']);
  await rm(settings);
  expect(complaints(await diagnosed(root))).toEqual(['error store']);
  await writeFile(settings, text, { mode: 0o600 });
  await rm(join(root, 'tpm'), { recursive: true });
  const bare = await diagnosed(root);
  expect(complaints(bare)).toEqual(['error tpm-state']);
  await expect(readdir(join(root, 'tpm'))).rejects.toThrow('ENOENT');
});

test('the card of another TPM is lost', async () => {
  const { root } = await storeWithCard();
  const other = await storeWithCard();
  await rm(join(root, 'tpm'), { recursive: true });
  await mkdir(join(root, 'tpm'), { mode: 0o700 });
  const state = await readFile(join(other.root, 'tpm', 'permall'));
  await writeFile(join(root, 'tpm', 'permall'), state, { mode: 0o600 });
  const report = await diagnosed(root);
  expect(complaints(report)).toEqual(['error card-lost']);
  expect(found(report, 'card-lost')[0]).toMatchObject({ title: 'The card "Desk" is lost.' });
});

test('a file in place of the state directory is told', async () => {
  const path = join(await temporaryDirectory(), 'file');
  await writeFile(path, '');
  expect(complaints(await diagnosed(path))).toEqual(['error state-directory']);
});

test('a store that this process has open is looked at through it', async () => {
  const { root, pin } = await storeWithCard();
  const manager = await openManager(root);
  const card = await manager.card();
  await card.verifyPin(pin);
  const report = await diagnosed(root);
  expect(found(report, 'card')).toHaveLength(1);
  await card.createKey();
  await expect(diagnosed(root)).resolves.toMatchObject({ healthy: true });
});

test('managers that are opened meanwhile wait, and find the store made good', async () => {
  const { root } = await storeWithCard();
  await writeFile(join(root, 'cards', '0001.card.tmp'), 'half', { mode: 0o600 });
  const [report, again, manager] = await Promise.all([
    diagnosed(root),
    diagnosed(root),
    openManager(root),
  ]);
  expect(report.healthy && again.healthy).toBe(true);
  expect(await manager.list()).toHaveLength(1);
  await manager.close();
  expect(await readdir(join(root, 'cards'))).toEqual(['0000.card']);
});

test('a store that is served is looked at through its service', async () => {
  const { root } = await storeWithCard();
  const service = await ServeProcess.start(root);
  const report = await diagnosed(root);
  expect(complaints(report)).toEqual([]);
  expect(found(report, 'store-owner')[0]?.facts).toEqual({ holderPid: service.pid });
  expect(found(report, 'card')).toHaveLength(1);
  expect(found(report, 'tpm-space')).toHaveLength(1);
});

test('a store that another process holds is told with that process', async () => {
  const { root } = await storeWithCard();
  const service = await ServeProcess.start(root);
  await rm(join(root, 'serve.sock'));
  const report = await diagnosed(root);
  expect(complaints(report)).toEqual(['warning store-owner']);
  expect(found(report, 'store-owner')[0]).toMatchObject({
    title: `Process ${service.pid} (node) has the store open and does not serve it.`,
    facts: { holderPid: service.pid },
  });
});

test('a blocked PIN, few tries and the way out are told', async () => {
  const { root, pin } = await storeWithCard();
  const manager = await openManager(root);
  const card = await manager.card();
  const guess = async (count: number) => {
    for (let i = 0; i < count; i++) await card.verifyPin(otherPin(pin)).catch(() => undefined);
  };
  await guess(3);
  const few = await diagnosed(root);
  expect(found(few, 'pin-tries')).toMatchObject([{ facts: { pinTriesLeft: 2, pinTriesMax: 5 } }]);
  await guess(2);
  const blocked = await diagnosed(root);
  expect(complaints(blocked)).toEqual(['error pin-blocked']);
  expect(found(blocked, 'pin-blocked')[0]?.remedy).toContain('admin key');
});

test('a backend that this platform lacks is a finding', async () => {
  const report = await diagnose({ backend: 'windows', readers: false });
  expect(complaints(report)).toEqual(['error backend']);
  expect(found(report, 'backend')[0]?.facts).toEqual({ code: 'ERR_NOT_SUPPORTED' });
});

test('wrong options are refused', async () => {
  const stateDirectory = await temporaryDirectory();
  const wrong = { code: 'ERR_INVALID_ARGUMENT' };
  await expectError(diagnose({ expiresWithinDays: -1 }), 'ERR_INVALID_ARGUMENT', {
    parameter: 'expiresWithinDays',
  });
  await expect(diagnose({ backend: 'other' as never })).rejects.toMatchObject(wrong);
  await expect(diagnose({ readers: 'yes' as never })).rejects.toMatchObject(wrong);
  await expect(diagnose({ stateDirectory, tpm: 'none' })).rejects.toMatchObject(wrong);
  await expect(diagnose({ store: '/' } as never)).rejects.toMatchObject(wrong);
});
