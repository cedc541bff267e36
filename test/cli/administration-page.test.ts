import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { AdminKey } from '../../lib/index.js';
import { PROGRAM, runProgram } from '../support/cli.js';
import { Page } from '../support/page.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

it('docs/administration.md has a session that runs as it stands', async () => {
  const page = await Page.open('administration.md');
  await page.program('virtual-smartcard', `exec "${process.execPath}" "${PROGRAM}" "$@"`);
  const { cli } = page;
  const masterKey = randomBytes(32);
  await writeFile(cli.path('pin.txt'), `${cli.pin}\n`);
  await writeFile(cli.path('master-key.txt'), `${masterKey.toString('hex')}\n`);
  expect(page.blocks).toHaveLength(4);
  await page.run();
  const key = AdminKey.derive(masterKey, 'laptop-4711').exportHex();
  await cli.json(['unblock', '--pin-stdin'], `${key}\n87654321\n`);
});

it('docs/administration.md has a program that runs as it stands', async () => {
  const text = await readFile(`${ROOT}docs/administration.md`, 'utf8');
  const blocks = [...text.matchAll(/```js\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  expect(blocks).toHaveLength(2);
  // The default would be the TPM chip of whoever runs this.
  const program = blocks.join('\n').replace('.open()', ".open({ tpm: 'libtpms' })");
  const before = `
    import { AdminKey, formatAdminResponse, parseAdminChallenge } from 'virtual-smartcard';
    const stored = [];
    const vault = { put: async (name, value) => stored.push({ name, value }) };
    const masterKey = new Uint8Array(32).fill(7);
    const [pin, newPin, { signal }] = ['12345678', '87654321', new AbortController()];
    const askHelpDesk = async (text) => {
      const key = AdminKey.derive(masterKey, stored[1].value.cardId);
      return formatAdminResponse(key.respond(parseAdminChallenge(text)));
    };`;
  const after = `
    await card.verifyPin(newPin);
    console.log(JSON.stringify({ created, stored }));
    await manager.close();`;
  const page = await Page.open('administration.md');
  const { stdout, stderr } = await runProgram(
    [process.execPath, '--input-type=module', '--eval', before + program + after],
    { cwd: ROOT, env: { ...page.cli.env, NODE_NO_WARNINGS: '1' } },
  );
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual({
    created: true,
    stored: [
      { name: expect.any(String), value: expect.stringMatching(/^[0-9a-f]{48}$/) },
      {
        name: expect.any(String),
        value: { cardId: expect.any(String), diversifier: expect.any(String) },
      },
    ],
  });
});
