import { cp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { CrashChild } from '../support/crash-child.js';
import { expectError } from '../support/expect-error.js';
import {
  cardOptions,
  openManager,
  otherPin,
  randomPin,
  temporaryDirectory,
} from '../support/store.js';
import { Swtpm } from '../support/swtpm.js';

/** What mistakes, neighbours and crashes cost. */

async function startSwtpm(): Promise<Swtpm> {
  const swtpm = await Swtpm.start();
  onTestFinished(() => swtpm.remove());
  await swtpm.tool('tpm2_startup', '-c');
  return swtpm;
}

test('an older copy of cards/ put back by mistake does no harm to the newer one', async () => {
  const directory = await temporaryDirectory();
  const cards = join(directory, 'cards');
  const [older, newer] = [await temporaryDirectory(), await temporaryDirectory()];
  const { pin, ...rest } = cardOptions();
  const newPin = randomPin();
  const first = await openManager(directory);
  const card = await first.create({ pin, ...rest });
  await first.close();
  await cp(cards, older, { recursive: true });
  const second = await openManager(directory);
  await (await second.card(card.instanceId)).changePin(pin, newPin);
  await second.close();
  await cp(cards, newer, { recursive: true });

  await cp(older, cards, { recursive: true });
  const mistaken = await openManager(directory);
  await expectError(mistaken.card(), 'ERR_CARD_LOST');
  await mistaken.close();

  await rm(cards, { recursive: true });
  await cp(newer, cards, { recursive: true });
  const mended = await openManager(directory);
  const whole = await mended.card();
  await whole.verifyPin(newPin);
  expect(await whole.pinTries()).toEqual({ left: 5, max: 5 });
});

test('a copy of cards/ made since the last PIN change puts older files back, and no tries', async () => {
  const swtpm = await startSwtpm();
  const directory = await temporaryDirectory();
  const cards = join(directory, 'cards');
  const copy = await temporaryDirectory();
  const { pin, ...rest } = cardOptions();
  const first = await openManager(directory, swtpm.address);
  const card = await first.create({ pin, ...rest });
  await card.createKey({ algorithm: 'EC-P256', container: 'old' }, { pin });
  await cp(cards, copy, { recursive: true });
  await card.createKey({ algorithm: 'EC-P256', container: 'new' }, { pin });
  await expectError(card.verifyPin(otherPin(pin)), 'ERR_PIN_INCORRECT');
  await expectError(card.verifyPin(otherPin(pin)), 'ERR_PIN_INCORRECT');
  await first.close();

  await cp(copy, cards, { recursive: true });
  const second = await openManager(directory, swtpm.address);
  const rolledBack = await second.card();
  expect(await rolledBack.pinTries()).toEqual({ left: 3, max: 5 });
  expect((await rolledBack.containers()).map(({ name }) => name)).toEqual(['old']);
  await (await rolledBack.key('old')).sign('ECDSA-SHA256', 'data', { pin });
});

test("everything in the state directory is its owner's alone", async () => {
  const directory = await temporaryDirectory();
  const root = join(directory, 'state');
  const manager = await openManager(root);
  await manager.create(cardOptions());
  await manager.close();
  expect((await stat(root)).mode & 0o777).toBe(0o700);
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  expect(entries.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['cards', '0000.card', 'tpm', 'permall', 'store.json', 'lock']),
  );
  for (const entry of entries) {
    const { mode } = await stat(join(entry.parentPath, entry.name));
    expect(mode & 0o777, entry.name).toBe(entry.isDirectory() ? 0o700 : 0o600);
  }
});

test('two stores on one TPM leave each other alone', async () => {
  const swtpm = await startSwtpm();
  const [here, there] = [await temporaryDirectory(), await temporaryDirectory()];
  const [mine, theirs] = [cardOptions(), cardOptions()];
  const one = await openManager(here, swtpm.address);
  await one.create(mine);
  await one.close();
  const other = await openManager(there, swtpm.address);
  await other.create(theirs);
  await other.close();
  const again = await openManager(here, swtpm.address);
  await again.destroy('0000');
  await again.close();
  const last = await openManager(there, swtpm.address);
  const card = await last.card();
  await card.verifyPin(theirs.pin);
  expect(await card.pinTries()).toEqual({ left: 5, max: 5 });
});

test('an index that is not ours is never undefined, whatever an intent says', async () => {
  const swtpm = await startSwtpm();
  const directory = await temporaryDirectory();
  await (await openManager(directory, swtpm.address)).close();
  const handles = ['0x1861111', '0x1862222', '0x1501111'];
  const [foreign, other, far] = handles;
  const define = ['tpm2_nvdefine', '-C', 'o', '-s'] as const;
  await swtpm.tool(...define, '32', '-a', 'ownerwrite|ownerread|authread|no_da', foreign ?? '');
  await swtpm.tool(
    ...define,
    '8',
    '-a',
    'ownerwrite|ownerread|authread|no_da|nt=pinfail',
    other ?? '',
  );
  await swtpm.tool(...define, '32', '-a', 'ownerwrite|ownerread|no_da', far ?? '');
  const intent = join(directory, 'cards', '0000.intent');
  await writeFile(intent, JSON.stringify(handles.map(Number)));
  await (await openManager(directory, swtpm.address)).close();
  const listed = await swtpm.tool('tpm2_getcap', 'handles-nv-index');
  for (const handle of handles) expect(listed.toLowerCase()).toContain(handle.slice(2));
});

test("an unclean end after the use of a PIN costs one failure in the TPM's lockout, an orderly one nothing", async () => {
  const stateDirectory = await temporaryDirectory();
  const { pin, ...rest } = cardOptions();
  const first = await openManager(stateDirectory);
  const { instanceId } = await first.create({ pin, ...rest });
  await (await first.card()).verifyPin(pin);
  await first.close();
  const second = await openManager(stateDirectory);
  expect(await second.tpmStatus()).toMatchObject({ lockoutCounter: 0 });
  await second.close();

  const job = { stateDirectory, tpm: 'libtpms', instanceId, pin: pin.toString('hex') };
  const child = new CrashChild({ ...job, operation: 'verifyPin' });
  expect(await child.next('done', 'rejected', 'failed')).toMatchObject({ event: 'done' });
  expect((await child.kill()).killed).toBe(true);
  const third = await openManager(stateDirectory);
  expect(await third.tpmStatus()).toMatchObject({ lockoutCounter: 1 });
  expect(await (await third.card()).pinTries()).toEqual({ left: 5, max: 5 });
});
