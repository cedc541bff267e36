import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { runProgram } from '../support/cli.js';
import { Page } from '../support/page.js';

const ROOT = new URL('../../', import.meta.url);

test('docs/enrolment.md leads from the request to the renewal, as it stands', async () => {
  const page = await Page.open('enrolment.md');
  await page.run();
  const text = await readFile(new URL('docs/enrolment.md', ROOT), 'utf8');
  const blocks = [...text.matchAll(/```js\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  expect(blocks.length).toBeGreaterThan(6);
  const program = blocks
    .join('')
    // The default would be the TPM chip of whoever runs this.
    .replace('.open()', `.open({ stateDirectory: 'program', tpm: 'libtpms' })`)
    .replace("'virtual-smartcard'", `'${new URL('dist/index.js', ROOT).href}'`);
  const words = [process.execPath, '--input-type=module', '--eval', program];
  const run = await runProgram(words, { cwd: page.cli.folder });
  expect(run.exitCode, run.stderr).toBe(0);
  expect(run.stdout.trim().split('\n')).toEqual([
    'logon false true',
    'vpn true true',
    // The root is on the card from before.
    'CN=Old 2',
  ]);
});
