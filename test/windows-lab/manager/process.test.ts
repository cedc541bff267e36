import { spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { Lab } from '../support/lab.js';
import { until } from './support/backend.js';

const ADDON = fileURLToPath(
  new URL('../../../prebuilds/win32-x64/virtual-smartcard.node', import.meta.url),
);
const CHILD = fileURLToPath(new URL('./children/calls.mjs', import.meta.url));

/** Runs a scenario to its end. */
function run(
  scenario: string,
  program = process.execPath,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [CHILD, ADDON, scenario], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (text: Buffer) => {
      output += text.toString();
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output: output.trim() }));
  });
}

test('a process ends in the middle of a call that never returns', async () => {
  const lab = await Lab.fresh();
  await lab.script('CreateVirtualSmartCard', { hang: true, after: 4 });
  expect(await run('exit')).toEqual({ code: 7, output: 'exiting' });
  expect(await lab.cards()).toEqual([]);
});

test('a process that ends in the middle of a create leaves no card', async () => {
  const lab = await Lab.fresh();
  await lab.script('CreateVirtualSmartCard', { stepMs: 100 });
  expect(await run('exit')).toEqual({ code: 7, output: 'exiting' });
  await until(async () => (await lab.recorded()).length === 1, 'a call');
  // The server finds nobody to report to, which asks it to stop.
  await until(async () => (await lab.cards()).length === 0, 'no card');
});

test('an abandoned call does not keep the process alive', async () => {
  const lab = await Lab.fresh();
  await lab.script('CreateVirtualSmartCard', { hang: true });
  expect(await run('abandon')).toEqual({ code: 0, output: 'ABANDONED' });
});

test.each([
  ['a process ends in the middle of it', 'exitRequest', { code: 7, output: 'exiting' }],
  ['abandoned, it does not keep the process', 'abandonRequest', { code: 0, output: 'ABANDONED' }],
  // The authority cannot read what is asked for: CRYPT_E_ASN1_BADTAG.
  ['a thread ends in the middle of it', 'terminateRequest', { code: 0, output: '2148086027' }],
])('a request to an authority that never returns: %s', async (_, scenario, ended) => {
  const lab = await Lab.fresh();
  await lab.request('script', { component: 'certcli', call: 'Submit', plans: [{ hang: true }] });
  expect(await run(scenario)).toEqual(ended);
  expect((await lab.recorded('certcli'))[0]).toMatchObject({ call: 'Submit' });
});

test('a pending call keeps the process alive', async () => {
  const lab = await Lab.fresh();
  await lab.script('CreateVirtualSmartCard', { delayMs: 500 });
  const { code, output } = await run('alive');
  expect({ code, output }).toEqual({ code: 0, output: 'ROOT\\SMARTCARDREADER\\0000' });
  expect(await lab.cards()).toHaveLength(1);
});

test('a program of another name than node.exe loads the addon', async () => {
  const lab = await Lab.fresh();
  const directory = mkdtempSync(join(tmpdir(), 'virtual-smartcard-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const program = join(directory, 'application.exe');
  copyFileSync(process.execPath, program);
  const { code, output } = await run('alive', program);
  expect({ code, output }).toEqual({ code: 0, output: 'ROOT\\SMARTCARDREADER\\0000' });
  expect(await lab.cards()).toHaveLength(1);
});

test('a thread that is ended in mid-call takes nothing with it', async () => {
  const lab = await Lab.fresh();
  await lab.script('CreateVirtualSmartCard', { hang: true, after: 4 });
  const { code, output } = await run('terminate');
  expect({ code, output }).toEqual({ code: 0, output: 'ROOT\\SMARTCARDREADER\\0000' });
  expect(await lab.cards()).toMatchObject([{ name: 'After' }]);
});

test('four threads make and destroy cards at the same time', async () => {
  const lab = await Lab.fresh();
  expect(await run('threads')).toEqual({ code: 0, output: '0,0,0,0' });
  expect(await lab.cards()).toEqual([]);
  expect(await lab.recorded()).toHaveLength(24);
});
