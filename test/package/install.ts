import { execFile } from 'node:child_process';
import { mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { installInto } from '../../scripts/support/pack.mjs';
import type { Packed } from './packed.js';

const execute = promisify(execFile);

/** The programs that there are for the installation and after it; no compiler, no make, no Python. */
const PROGRAMS = ['npm', 'sh'];

/** Registers the tests of the package as a user has it. */
export function testInstallation(packed: Packed): void {
  let project: string;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    const bin = join(packed.folder, 'bin');
    mkdirSync(bin);
    symlinkSync(process.execPath, join(bin, 'node'));
    for (const name of PROGRAMS) {
      const { stdout } = await execute('sh', ['-c', `command -v ${name}`]);
      symlinkSync(realpathSync(stdout.trim()), join(bin, name));
    }
    env = { PATH: bin, HOME: process.env['HOME'] };
    project = join(packed.folder, 'project');
    await installInto(packed.tarball, project, { env });
  });

  /** Runs a program in the project, with nothing but what was installed. */
  async function node(source: string): Promise<unknown> {
    const args = ['--input-type=commonjs', '--eval', source];
    const { stdout, stderr } = await execute(process.execPath, args, { cwd: project, env });
    expect(stderr).toBe('');
    return JSON.parse(stdout);
  }

  test('installed without a compiler, it makes a card, signs and destroys, with the prebuild', async () => {
    const store = join(packed.folder, 'store');
    const result = await node(`
    const { createVerify } = require('node:crypto');
    import('virtual-smartcard').then(async ({ AdminKey, VirtualSmartCardManager }) => {
      const where = { backend: 'embedded', tpm: 'libtpms', stateDirectory: ${JSON.stringify(store)} };
      const manager = await VirtualSmartCardManager.open(where);
      const pin = '71936204';
      const card = await manager.create({ name: 'Installed', pin, adminKey: AdminKey.random() });
      const key = await card.createKey({ algorithm: 'RSA-2048' }, { pin });
      const signature = await key.sign('RSA-SHA256', 'data', { pin });
      const isGood = createVerify('SHA256').update('data').verify(key.publicKey, signature);
      const before = await manager.list();
      await manager.destroy(card.instanceId);
      const after = await manager.list();
      await manager.close();
      const objects = process.report.getReport().sharedObjects;
      const addons = objects.filter((path) => path.includes('virtual') && path.endsWith('.node'));
      console.log(JSON.stringify({ isGood, before: before.length, after: after.length, addons }));
    });`);
    const prebuild = 'prebuilds/linux-x64/virtual-smartcard.node';
    const installed = realpathSync(join(project, 'node_modules', 'virtual-smartcard'));
    expect(result).toEqual({
      isGood: true,
      before: 1,
      after: 0,
      addons: [join(installed, prebuild)],
    });
  });

  test('its command runs as npm links it', async () => {
    const command = join(project, 'node_modules', '.bin', 'virtual-smartcard');
    const { stdout } = await execute(command, ['version', '--json'], { cwd: project, env });
    expect(JSON.parse(stdout)).toMatchObject({ version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
  });

  test('it brings nothing to run at installation', async () => {
    const { scripts } = (await node(
      "console.log(JSON.stringify(require('virtual-smartcard/package.json')))",
    )) as { scripts: Record<string, string> };
    for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) {
      expect(scripts).not.toHaveProperty(name);
    }
  });
}
