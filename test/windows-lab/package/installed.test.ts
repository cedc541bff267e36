import { X509Certificate } from 'node:crypto';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Lab } from '../support/lab.js';
import { COMMAND, node, PROJECT, virtualSmartcard } from './project.js';

const PIN = 'aB3!xyz9';
const INSTALLED = join(PROJECT, 'node_modules', 'virtual-smartcard');

test('the packed package is imported', async () => {
  const silent = { code: 0, stdout: '', stderr: '' };
  expect(await node(['-e', "import('virtual-smartcard')"])).toEqual(silent);
});

test('it loads the prebuild of the package and nothing of the machine that built it', async () => {
  const lab = await Lab.fresh();
  const program = `
    import('virtual-smartcard').then(async ({ VirtualSmartCardManager }) => {
      const manager = await VirtualSmartCardManager.open();
      const cards = await manager.list();
      await manager.close();
      const addons = process.report.getReport().sharedObjects.filter((path) => path.endsWith('.node'));
      console.log(JSON.stringify({ cards, addons }));
    });`;
  const { stdout, stderr, code } = await node(['-e', program]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { cards, addons } = JSON.parse(stdout) as { cards: unknown[]; addons: string[] };
  expect(cards).toEqual(await lab.cards());
  expect(addons.map((path) => path.toLowerCase())).toEqual([
    join(INSTALLED, 'prebuilds', 'win32-x64', 'virtual-smartcard.node').toLowerCase(),
  ]);
});

test("its command line makes a card by tpmvscmgr's words, enrols by certreq's, and destroys it", async () => {
  const lab = await Lab.fresh();
  const words = 'create /name Laptop-17 /pin prompt /adminkey random /generate'.split(' ');
  const policy = '/pinpolicy minlen 4 uppercase allowed lowercase required digits required';
  const secret = '--pin-stdin';
  const create = [...words, ...policy.split(' '), 'specialchars', 'allowed', secret];
  const created = await virtualSmartcard(create, `${PIN}\n`);
  expect(created).toContain('TPM Smart Card created.');
  expect(created).toContain('Smart Card Reader Device Instance ID = ROOT\\SMARTCARDREADER\\0000');
  expect(created).not.toContain(PIN);
  expect(await lab.cards()).toMatchObject([{ name: 'Laptop-17' }]);

  const listed = JSON.parse(await virtualSmartcard(['list', '--json'])) as {
    cards: { name: string; instanceId: string }[];
  };
  expect(listed.cards).toMatchObject([
    { name: 'Laptop-17', instanceId: 'ROOT\\SMARTCARDREADER\\0000' },
  ]);

  copyFileSync(join(INSTALLED, 'examples', 'request.inf'), join(PROJECT, 'request.inf'));
  const enrol = ['certreq', '-new', '-f', 'request.inf', 'out.cer', secret];
  await virtualSmartcard(enrol, `${PIN}\n`);
  const certificate = new X509Certificate(readFileSync(join(PROJECT, 'out.cer')));
  expect(certificate.subject).toBe('CN=Virtual smart card key');
  expect(certificate.verify(certificate.publicKey)).toBe(true);

  await virtualSmartcard(['destroy', '/instance', 'ROOT\\SMARTCARDREADER\\0000']);
  expect(await lab.cards()).toEqual([]);
});

test('a wrong command line is refused before anything is done', async () => {
  const lab = await Lab.fresh();
  const { code, stderr } = await node([COMMAND, 'create', '/name', 'X', '/pinn', 'default']);
  expect(code).toBe(2);
  expect(stderr).toContain('/pinn');
  expect(await lab.recorded()).toEqual([]);
});
