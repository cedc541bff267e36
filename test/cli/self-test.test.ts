import { readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import type { SelfTestReport } from '../../lib/index.js';
import { CommandLine } from '../support/cli.js';
import { secretsIn } from '../support/secret-search.js';

const RECORDER = fileURLToPath(new URL('./children/record-secrets.mjs', import.meta.url));

/** The embedded TPM has no reader and no store of certificates, and one way to its cards. */
const NOT_OFFERED = ['reader', 'store-link', 'served-by', 'store-after'];

let cli: CommandLine;

beforeEach(async () => {
  cli = await CommandLine.start();
});

async function readReport(name: string): Promise<SelfTestReport> {
  return JSON.parse(await readFile(cli.path(name), 'utf8')) as SelfTestReport;
}

describe('self-test', () => {
  it('passes on the embedded TPM, writes a report, leaves no card, and can be run again', async () => {
    const existing = await cli.create();
    for (const name of ['one.json', 'two.json']) {
      const { stdout, stderr, exitCode } = await cli.run(['self-test', '--report', cli.path(name)]);
      expect(exitCode, stdout + stderr).toBe(0);
      expect(stderr).toBe('');
      const report = await readReport(name);
      expect(report).toMatchObject({ schema: 1, passed: true, stopped: false, leftCards: [] });
      const others = report.steps.filter(({ outcome }) => outcome !== 'passed');
      expect(others.map((step) => [step.name, step.outcome])).toEqual(
        NOT_OFFERED.map((step) => [step, 'not-supported']),
      );
      const lines = stdout.split('\n');
      for (const step of report.steps) {
        expect(lines.filter((line) => line.includes(` ${step.name}: `))).toHaveLength(1);
      }
      expect(stdout).toContain(`The self-test passed: ${report.counts.passed} passed, 4 not`);
    }
    const { cards } = await cli.json(['list']);
    expect(cards).toMatchObject([{ instanceId: existing['instanceId'], pinTriesLeft: 5 }]);
    await cli.json(['verify-pin', '--pin-stdin'], `${cli.pin}\n`);
  });

  it('prints the report with --json, and no secret anywhere', async () => {
    const file = cli.path('secrets.txt');
    const NODE_OPTIONS = `--import="${RECORDER}"`;
    const env = { ...cli.env, NODE_OPTIONS, VSC_TEST_SECRETS: file };
    const words = ['self-test', '--json', '--report', cli.path('report.json')];
    const { stdout, stderr, exitCode } = await cli.run(words, { env });
    expect(exitCode, stderr).toBe(0);
    expect(JSON.parse(stdout)).toEqual(await readReport('report.json'));
    const hex = (await readFile(file, 'utf8')).trim().split('\n');
    const secrets = [...new Set(hex)].map((line) => Buffer.from(line, 'hex'));
    // PINs, wrong and right, of three cards, their PUK, their admin keys.
    expect(secrets.length).toBeGreaterThan(10);
    const lines = await cli.run(['self-test'], { env });
    const text = stdout + stderr + lines.stdout + lines.stderr;
    expect(secretsIn(text, secrets)).toEqual([]);
    const again = (await readFile(file, 'utf8')).trim().split('\n');
    expect(
      secretsIn(
        text,
        again.map((line) => Buffer.from(line, 'hex')),
      ),
    ).toEqual([]);
  });

  it('leaves out the wrong PINs when told so, and says so', async () => {
    const report = await cli.json(['self-test', '--no-wrong-pins']);
    expect(report).toMatchObject({ passed: true, wrongPins: false, counts: { 'left-out': 3 } });
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('is stopped by %s, destroys its cards and reports', async (signal, expected) => {
    const { stdout, stderr, exitCode } = await cli.run(
      ['self-test', '--report', cli.path('report.json')],
      {
        started: (child) => {
          let seen = '';
          child.stdout?.on('data', (data: Buffer) => {
            const before = seen.includes('key-rsa-2048:');
            seen += data.toString();
            if (!before && seen.includes('key-rsa-2048:')) child.kill(signal);
          });
        },
      },
    );
    expect(exitCode, stderr).toBe(expected);
    expect(stdout).toContain('The self-test was stopped:');
    const report = await readReport('report.json');
    expect(report).toMatchObject({ passed: false, stopped: true, leftCards: [] });
    expect(report.steps.at(-1)).toMatchObject({ name: 'list-after', outcome: 'passed' });
    expect(report.steps.find(({ name }) => name === 'block')).toMatchObject({
      outcome: 'not-run',
      reason: 'The test was stopped.',
    });
    expect(await cli.json(['list'])).toEqual({ cards: [] });
  });

  it('overwrites no file, and finds that out before it does anything', async () => {
    const path = cli.path('report.json');
    await writeFile(path, 'mine');
    const refused = await cli.failure(['self-test', '--report', path]);
    expect(refused).toMatchObject({ code: 'ERR_FILE_EXISTS', exitCode: 1 });
    expect(await readFile(path, 'utf8')).toBe('mine');
    await cli.json(['self-test', '--no-wrong-pins', '--report', path, '--force']);
    expect((await readReport('report.json')).passed).toBe(true);
    expect((await readdir(cli.folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('fails when a step fails, with the report all the same', async () => {
    for (let number = 0; number < 9; number += 1) await cli.create();
    const { stdout, exitCode } = await cli.run(['self-test', '--report', cli.path('report.json')]);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('ERR_CARD_LIMIT');
    expect(stdout).toContain('The self-test FAILED:');
    const report = await readReport('report.json');
    expect(report.steps.find(({ name }) => name === 'create-with-puk')).toMatchObject({
      outcome: 'failed',
      error: { code: 'ERR_CARD_LIMIT' },
    });
    expect(report.counts.failed).toBe(1);
    const { cards } = await cli.json(['list']);
    expect(cards).toHaveLength(9);
  });
});
