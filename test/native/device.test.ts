import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { loadNative } from '../../lib/native.js';
import {
  ADDON,
  CREATE_PRIMARY_RSA,
  child,
  codeOf,
  GET_RANDOM,
  run,
  STARTUP,
  SUCCESS,
  temporaryDirectory,
} from './support.js';

const native = loadNative();

function started(program: string, args: string[]): ChildProcess {
  const process = spawn(program, args, { stdio: 'ignore' });
  onTestFinished(async () => {
    if (process.exitCode !== null || process.signalCode !== null) return;
    process.kill('SIGKILL');
    await once(process, 'exit');
  });
  return process;
}

async function appears(path: string): Promise<void> {
  for (let i = 0; i < 500 && !existsSync(path); i += 1) await delay(10);
  expect(existsSync(path)).toBe(true);
}

/** A character device with a TPM behind it: a pseudo-terminal in front of swtpm. */
async function swtpmDevice(): Promise<string> {
  const directory = temporaryDirectory();
  const [server, control, device] = ['server', 'control', 'device'].map((name) =>
    join(directory, name),
  ) as [string, string, string];
  started('swtpm', [
    ...['socket', '--tpm2', '--tpmstate', `dir=${directory},mode=0600`],
    ...['--server', `type=unixio,path=${server}`, '--ctrl', `type=unixio,path=${control}`],
    ...['--flags', 'not-need-init'],
  ]);
  await appears(server);
  started('socat', [`PTY,link=${device},rawer`, `UNIX-CONNECT:${server}`]);
  await appears(device);
  return device;
}

/** A named pipe: what is written to it comes back. */
async function echoDevice(): Promise<string> {
  const path = join(temporaryDirectory(), 'device');
  await run('mkfifo', ['-m', '600', path]);
  return path;
}

test('carries commands to a TPM behind a character device, in order', async () => {
  const tpm = await native.openDevice(await swtpmDevice());
  const slow = tpm.transmit(STARTUP).then(() => tpm.transmit(CREATE_PRIMARY_RSA));
  expect(codeOf(await slow)).toBe(SUCCESS);
  const answers = await Promise.all(Array.from({ length: 20 }, () => tpm.transmit(GET_RANDOM)));
  expect(answers.map(codeOf)).toEqual(Array(20).fill(SUCCESS));
  expect(new Set(answers.map((answer) => answer.toString('hex'))).size).toBe(20);
  await tpm.forget([Buffer.alloc(32)]);
  await tpm.close();
  await expect(tpm.transmit(GET_RANDOM)).rejects.toMatchObject({ code: 'CLOSED' });
});

test('two devices work side by side, and beside the software TPM', async () => {
  const [first, second] = await Promise.all([
    native.openDevice(await echoDevice()),
    native.openDevice(await echoDevice()),
  ]);
  const software = await native.openLibtpms(temporaryDirectory());
  const answers = await Promise.all([
    first.transmit(STARTUP),
    second.transmit(GET_RANDOM),
    software.transmit(STARTUP),
  ]);
  expect(answers[0]?.equals(STARTUP)).toBe(true);
  expect(answers[1]?.equals(GET_RANDOM)).toBe(true);
  expect(codeOf(answers[2] as Buffer)).toBe(SUCCESS);
  await Promise.all([first.close(), second.close(), software.close()]);
});

test('a response of several pieces is put together', async () => {
  const path = await echoDevice();
  const device = await native.openDevice(path);
  // The header of the echo announces two bytes more, which come later.
  const command = Buffer.from('80010000000e000000000102', 'hex');
  const answer = device.transmit(command);
  await delay(50);
  await appendFile(path, Buffer.from('0304', 'hex'));
  expect((await answer).toString('hex')).toBe(`${command.toString('hex')}0304`);
  await device.close();
});

test.each([
  ['shorter than a header', '800100000009000000aa'],
  ['longer than a TPM may answer', '80010000100100000000'],
  ['shorter than what came', '80010000000a00000000ff'],
])('a response that calls itself %s breaks the transport', async (_, hex) => {
  const device = await native.openDevice(await echoDevice());
  const answer = device.transmit(Buffer.from(hex, 'hex'));
  await expect(answer).rejects.toMatchObject({ code: 'EIO' });
  await expect(device.transmit(GET_RANDOM)).rejects.toMatchObject({ code: 'EIO' });
  await device.close();
});

test('a device that goes away fails the command', async () => {
  const directory = temporaryDirectory();
  const path = join(directory, 'device');
  const socat = started('socat', [`PTY,link=${path},rawer`, 'EXEC:sleep 60']);
  await appears(path);
  const device = await native.openDevice(path);
  const answer = device.transmit(GET_RANDOM);
  const failed = expect(answer).rejects.toMatchObject({ code: 'EIO' });
  socat.kill('SIGTERM');
  await failed;
  await device.close();
});

test('a thread that waits for a response can be ended', async () => {
  const path = await echoDevice();
  const worker = new Worker(child('device-thread.mjs'), { workerData: { addon: ADDON, path } });
  await once(worker, 'message');
  await delay(20);
  expect(await worker.terminate()).toBe(1);
});

test('a device that cannot be opened fails with its errno', async () => {
  const directory = temporaryDirectory();
  await expect(native.openDevice(join(directory, 'none'))).rejects.toMatchObject({
    code: 'ENOENT',
    message: expect.stringContaining(join(directory, 'none')),
  });
  await expect(native.openDevice(directory)).rejects.toMatchObject({ code: 'EISDIR' });
  await expect(native.openDevice('')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});
