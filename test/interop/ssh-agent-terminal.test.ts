import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { CommandLine, PROGRAM, runProgram } from '../support/cli.js';
import { until } from '../support/pcsc.js';
import { runInTerminal } from '../support/pty.js';
import { otherPin } from '../support/store.js';

test.each([
  ['there is no SSH_ASKPASS', {}],
  ['its program has no display', { SSH_ASKPASS: '/bin/false' }],
])('asks on the terminal when %s', async (_, asking) => {
  const cli = await CommandLine.start();
  await cli.create();
  const inf = '[NewRequest]\nSubject="CN=Jo"\nKeyLength=2048\nRequestType=Cert\n';
  await writeFile(cli.path('request.inf'), inf);
  await cli.json(['certreq', '-new', cli.path('request.inf'), '--pin-stdin'], `${cli.pin}\n`);
  const { publicKey } = await cli.json(['ssh-key']);
  await writeFile(cli.path('key.pub'), `${publicKey}\n`);
  const socket = cli.path('agent/sock');
  const { SSH_ASKPASS: _a, DISPLAY: _b, WAYLAND_DISPLAY: _c, ...others } = cli.env;
  const env = { ...others, ...asking };
  const terminal = runInTerminal(
    [process.execPath, PROGRAM, 'agent', '--confirm', '--socket', socket],
    [
      { after: /Allow use of the key .*\[y\/N\] /s, type: 'y\n' },
      { after: 'PIN of the card "Card"', type: `${otherPin(Buffer.from(cli.pin))}\r` },
      { after: 'The PIN was wrong.', type: `${cli.pin}\r` },
      // The second signature needs no PIN.
      { after: /Allow use of the key .*\[y\/N\] /s, type: 'n\n' },
    ],
    { env },
  );
  await until(() => existsSync(socket));
  const sign = () =>
    runProgram(['ssh-keygen', '-Y', 'sign', '-n', 'file', '-f', 'key.pub'], {
      cwd: cli.folder,
      input: 'what is signed',
      env: { ...env, SSH_AUTH_SOCK: socket },
    });
  expect((await sign()).stdout).toContain('BEGIN SSH SIGNATURE');
  expect((await sign()).exitCode).not.toBe(0);
  process.kill(Number(await readFile(`${socket}.lock`, 'utf8')), 'SIGTERM');
  const { transcript, exitCode } = await terminal;
  expect(exitCode).toBe(0);
  expect(transcript).toContain(`SSH_AUTH_SOCK=${socket}; export SSH_AUTH_SOCK;`);
  expect(transcript).toContain('was not allowed');
  expect(transcript).not.toContain(cli.pin);
  expect(existsSync(socket)).toBe(false);
});
