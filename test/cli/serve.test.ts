import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { CommandLine, PROGRAM } from '../support/cli.js';

let cli: CommandLine;

beforeEach(async () => {
  cli = await CommandLine.start();
});

/** The verb, until the test ends or stops it. */
async function serve(...options: string[]) {
  const child = spawn(process.execPath, [PROGRAM, 'serve', ...options], {
    env: cli.env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = await once(createInterface(child.stdout), 'line');
  expect(line).toMatch(/^Serving at \/.*\/serve\.sock$/);
  return child;
}

it('lets every other verb work, and ends with exit code 0', async () => {
  const child = await serve();
  await cli.create();
  expect(await cli.json(['verify-pin', '--pin-stdin'], `${cli.pin}\n`)).toMatchObject({
    verified: true,
  });
  expect(await cli.json(['list'])).toMatchObject({ cards: [{ state: 'ready' }] });
  expect(await cli.json(['tpm'])).toMatchObject({ address: 'libtpms' });
  const second = await cli.failure(['serve']);
  expect(second).toMatchObject({ code: 'ERR_STATE_IN_USE', holderPid: child.pid, exitCode: 1 });
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(await cli.json(['list'])).toMatchObject({ cards: [{ state: 'ready' }] });
});

it('publishes only where a reader is installed, and then serves nothing', async () => {
  const failure = await cli.failure(['serve', '--publish', '--directory', cli.path('none')]);
  expect(failure).toMatchObject({ code: 'ERR_SMART_CARD_SERVICE', exitCode: 1 });
  await cli.create();
  expect(await cli.json(['list'])).toMatchObject({ cards: [{ state: 'ready' }] });
});

it('takes --directory with --publish only', async () => {
  const failure = await cli.failure(['serve', '--directory', cli.path('none')]);
  expect(failure).toMatchObject({ code: 'ERR_USAGE', exitCode: 2 });
});
