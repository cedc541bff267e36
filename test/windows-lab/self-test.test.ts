import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import {
  type SelfTestReport,
  type SelfTestStep,
  selfTest,
  VirtualSmartCardManager,
} from '../../lib/index.js';
import { secretsIn } from '../support/secret-search.js';
import { Lab } from './support/lab.js';

const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const RECORDER = new URL('../cli/children/record-secrets.mjs', import.meta.url);

/** Keys take their time in the lab. */
const LONG = 5 * 60_000;

/** E_FAIL */
const FAILED = 0x80004005;

interface Run {
  stdout: string;
  stderr: string;
  exitCode: number | string;
}

/** The command as a user of Windows runs it, with what keeps the secrets for the test. */
function run(words: readonly string[], secretsFile: string): Promise<Run> {
  const line = ['--import', pathToFileURL(fileURLToPath(RECORDER)).href, PROGRAM, ...words];
  const env = { ...process.env, VSC_TEST_SECRETS: secretsFile };
  return new Promise((resolve) => {
    execFile(process.execPath, line, { env }, (error, stdout, stderr) => {
      resolve({ stdout, stderr, exitCode: error?.code ?? 0 });
    });
  });
}

function step(report: SelfTestReport, name: string): SelfTestStep | undefined {
  return report.steps.find((each) => each.name === name);
}

test('the command passes, leaves no card, and reports without secrets', {
  timeout: LONG,
}, async () => {
  const lab = await Lab.fresh();
  const folder = await mkdtemp(join(tmpdir(), 'vsc-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const [file, secretsFile] = [join(folder, 'report.json'), join(folder, 'secrets.txt')];
  const { stdout, stderr, exitCode } = await run(['self-test', '--report', file], secretsFile);
  expect(exitCode, stdout + stderr).toBe(0);
  const text = await readFile(file, 'utf8');
  const report = JSON.parse(text) as SelfTestReport;
  expect(report).toMatchObject({
    passed: true,
    leftCards: [],
    platform: { backend: 'windows', platform: 'win32', node: process.versions.node },
    counts: { failed: 0, 'not-run': 0, 'left-out': 0 },
  });
  // Wine has no PowerShell to look into the store with.
  const notOffered = report.steps.filter(({ outcome }) => outcome === 'not-supported');
  expect(notOffered.map(({ name }) => name)).toEqual(['store-link', 'store-after']);
  expect(step(report, 'served-by')?.details).toEqual({
    ...{ pin: 'msclmd.dll', puk: 'msclmd.dll', adminKey: 'msclmd.dll' },
    ...{ keys: 'ksp, csp', certificates: 'ksp' },
  });
  expect(step(report, 'reader')?.details).toMatchObject({
    atr: '3b8d0180fba000000397425446590401cf',
  });
  expect(step(report, 'tpm-status')?.details).toMatchObject({ deviceVersion: '2.0' });
  expect(await lab.cards()).toEqual([]);
  const lines = (await readFile(secretsFile, 'utf8')).trim().split('\n');
  const secrets = lines.map((hex) => Buffer.from(hex, 'hex'));
  expect(secrets.length).toBeGreaterThan(10);
  expect(secretsIn(text + stdout + stderr, secrets)).toEqual([]);
});

test('a create that does not come back ends the test, which tidies up', {
  timeout: LONG,
}, async () => {
  const lab = await Lab.fresh();
  await lab.script('CreateVirtualSmartCard', null, null, { hang: true, after: 4 });
  await using manager = await VirtualSmartCardManager.open();
  const report = await selfTest(manager, { timeLimitMs: 20_000 });
  expect(step(report, 'create')?.outcome).toBe('passed');
  expect(step(report, 'create-with-puk')?.error?.code).toBe('ERR_TIMEOUT');
  expect(step(report, 'key-rsa-2048')?.outcome).toBe('not-run');
  expect(report).toMatchObject({ passed: false, leftCards: [] });
  expect(await lab.cards()).toEqual([]);
});

test('a destroy that fails is reported with its codes, and tried again', {
  timeout: LONG,
}, async () => {
  const lab = await Lab.fresh();
  await lab.script('DestroyVirtualSmartCard', { result: FAILED, errors: [12] });
  const stop = new AbortController();
  await using manager = await VirtualSmartCardManager.open();
  const report = await selfTest(manager, {
    signal: stop.signal,
    onStep: ({ name }) => {
      if (name === 'create-with-puk') stop.abort();
    },
  });
  expect(step(report, 'destroy')).toMatchObject({
    outcome: 'failed',
    error: { hresult: '0x80004005', reportedError: expect.any(String) },
  });
  expect(step(report, 'clean-up')?.details).toEqual({ hadToBeDestroyed: 1 });
  expect(report).toMatchObject({ passed: false, stopped: true, leftCards: [] });
  expect(await lab.cards()).toEqual([]);
});
