import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { PROGRAM, runProgram } from '../support/cli.js';
import { EndorsementAuthority } from '../support/endorsement-authority.js';
import { Page } from '../support/page.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

test('docs/attestation.md leads from nothing to an answered challenge, as it stands', async () => {
  const page = await Page.open('attestation.md');
  await page.program('virtual-smartcard', `exec "${process.execPath}" "${PROGRAM}" "$@"`);
  expect(page.blocks).toHaveLength(3);
  await page.run();
  const { secret } = JSON.parse(await readFile(page.cli.path('expected.json'), 'utf8'));
  const { answer } = JSON.parse(await readFile(page.cli.path('answer.json'), 'utf8'));
  expect(answer).toBe(secret);
});

test('its program works', async () => {
  const page = await Page.open('attestation.md');
  const text = await readFile(`${ROOT}docs/attestation.md`, 'utf8');
  const [, program = ''] = /```js\n([\s\S]*?)```/.exec(text) ?? [];
  expect(program).toContain('makeCredential');
  const makersRoot = await (await EndorsementAuthority.create()).root();
  const before = `
    import { AdminKey } from 'virtual-smartcard';
    const [pin, makersRoot] = [${JSON.stringify(page.cli.pin)}, ${JSON.stringify(makersRoot)}];
    const open = await VirtualSmartCardManager.open();
    const made = await open.create({ name: 'Card', pin, adminKey: AdminKey.random() });
    const spec = { container: 'vpn', algorithm: 'EC-P256' };
    const requestedKey = (await made.createKey(spec, { pin })).publicKey;`;
  const after = `
    const findings = report.findings.map(({ code }) => code);
    console.log(JSON.stringify({ isAnchored, isOfRequest, findings }));
    await Promise.all([manager.close(), open.close()]);`;
  const words = [process.execPath, '--input-type=module', '--eval', before + program + after];
  const { stdout, stderr } = await runProgram(words, { cwd: ROOT, env: page.cli.env });
  // A software TPM has no maker.
  const findings = ['noCertificate', 'pinNotShown'];
  expect(JSON.parse(stdout || stderr)).toEqual({ isAnchored: false, isOfRequest: true, findings });
});
