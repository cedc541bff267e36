import { chmod, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { DiagnosisReport } from '../../lib/index.js';
import { CommandLine } from '../support/cli.js';
import { otherPin, temporaryDirectory } from '../support/store.js';

test('doctor finds a store well, for people and for programs', async () => {
  const cli = await CommandLine.start();
  await cli.create();
  const people = await cli.run(['doctor']);
  expect(people).toMatchObject({ exitCode: 0, stderr: '' });
  expect(people.stdout).toContain('As it should be:\n');
  expect(people.stdout).toContain(
    'card: The card "Card" can be used. [ROOT\\SMARTCARDREADER\\0000]',
  );
  expect(people.stdout).toContain('Nothing is broken: 0 errors, ');
  const report = (await cli.json(['doctor'])) as unknown as DiagnosisReport;
  expect(report).toMatchObject({ schema: 1, backend: 'embedded', healthy: true });
  const quiet = await cli.run(['doctor', '--quiet']);
  expect(quiet.stdout).not.toContain('As it should be');
});

test('doctor ends with 1 when something is broken, and says what to do', async () => {
  const cli = await CommandLine.start();
  await cli.create();
  const wrong = `${otherPin(Buffer.from(cli.pin))}\n`;
  for (let i = 0; i < 5; i++) await cli.run(['verify-pin', '--pin-stdin'], { input: wrong });
  const { exitCode, stdout, stderr } = await cli.run(['doctor']);
  expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' });
  expect(stdout).toContain('Errors:\n  pin-blocked: The PIN of the card "Card" is blocked.');
  expect(stdout).toContain('-> Set a new PIN with the admin key: "virtual-smartcard unblock".');
  expect(stdout).toContain('Something is broken: 1 error, ');
  const json = await cli.run(['doctor', '--json']);
  expect(json.exitCode).toBe(1);
  expect(JSON.parse(json.stdout)).toMatchObject({ healthy: false, counts: { error: 1 } });
});

test('doctor makes no store and asks for nothing', async () => {
  const folder = await temporaryDirectory();
  const cli = await CommandLine.start();
  const words = ['doctor', '--state-directory', join(folder, 'store'), '--tpm', 'libtpms'];
  expect(await cli.run(words)).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await readdir(folder)).toEqual([]);
});

test('doctor tells of what others may read without failing for it', async () => {
  const cli = await CommandLine.start();
  await chmod(cli.path('store'), 0o755);
  const { exitCode, stdout } = await cli.run(['doctor', '--quiet']);
  expect(exitCode).toBe(0);
  expect(stdout).toContain(`-> chmod 700 "${cli.path('store')}"`);
});

test.each([['soon'], ['-1'], ['99999']])('doctor refuses --expires-within %s', async (days) => {
  const cli = await CommandLine.start();
  const failure = await cli.failure(['doctor', `--expires-within=${days}`]);
  expect(failure).toMatchObject({
    exitCode: 2,
    code: expect.stringMatching(/^ERR_(USAGE|INVALID_ARGUMENT)$/),
  });
});
