import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { cardOptions, openManager, temporaryDirectory } from '../support/store.js';

const PACKAGE = fileURLToPath(new URL('../../dist/index.js', import.meta.url));

/** Ensures a card in a process that ends itself, by SIGKILL, at that point. */
async function ensureKilled(stateDirectory: string, name: string, at: string): Promise<void> {
  const program = `
    import { AdminKey, VirtualSmartCardManager } from ${JSON.stringify(PACKAGE)};
    const [stateDirectory, name, at] = process.argv.slice(1);
    const end = () => process.kill(process.pid, 'SIGKILL');
    const manager = await VirtualSmartCardManager.open({ backend: 'embedded', stateDirectory, tpm: 'libtpms' });
    await manager.ensure({
      name, pin: '12345678', adminKey: AdminKey.default(),
      escrow: () => { if (at === 'escrow') end(); },
      onProgress: (status) => { if (status.name === at) end(); },
    });
    if (at === 'made') end();`;
  const words = ['--input-type=module', '--eval', program, stateDirectory, name, at];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'inherit', 'inherit'] });
  const [, signal] = await once(child, 'exit');
  expect(signal).toBe('SIGKILL');
}

test.each([
  ['escrow', true],
  ['VTPMSMARTCARD_CREATING', true],
  ['VGIDSSIMULATOR_CREATING', true],
  ['VREADER_CREATING', true],
  ['CARD_CREATED', false],
  ['made', false],
])(
  'killed at %s, the next ensure makes the card or finds it, and there is one',
  async (at, created) => {
    const directory = await temporaryDirectory();
    const options = cardOptions();
    await ensureKilled(directory, options.name, at);
    const manager = await openManager(directory);
    const ensured = await manager.ensure(options);
    expect(ensured.created).toBe(created);
    expect(await manager.list()).toHaveLength(1);
    await ensured.card.verifyPin(created ? options.pin : '12345678');
  },
);
