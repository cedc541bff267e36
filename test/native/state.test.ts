import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadNative } from '../../lib/native.js';
import {
  ADDON,
  child,
  codeOf,
  GET_RECOVERY_TIME,
  recoveryTime,
  run,
  STARTUP,
  SUCCESS,
  setRecoveryTime,
  temporaryDirectory,
  withTpm,
} from './support.js';

const native = loadNative();

test('a kill while the state is written leaves the state before or after that write', async () => {
  const directory = temporaryDirectory();
  for (let round = 0; round < 20; round += 1) {
    const writer = spawn(process.execPath, [child('write-state.mjs'), ADDON, directory]);
    let said = '';
    writer.stdout.on('data', (text: Buffer) => {
      said += text.toString();
    });
    await once(writer.stdout, 'data');
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
    writer.kill('SIGKILL');
    await once(writer, 'close');
    const last = /(begin|done) (\d+)\n(?!.*\n)/s.exec(said);
    const value = Number(last?.[2]);
    const possible = last?.[1] === 'done' ? [value] : [value - 1, value];
    const stored = await withTpm(directory, recoveryTime);
    // Before the first write of this round the value is that of the round before.
    if (possible[0] !== 0) expect(possible).toContain(stored);
    expect(stored).toBeGreaterThan(0);
  }
});

test('a state that does not fit on the disk fails the command, and the TPM stops', async () => {
  const directory = temporaryDirectory();
  await withTpm(directory, async (tpm) => {
    expect(codeOf(await tpm.transmit(setRecoveryTime(1234)))).toBe(SUCCESS);
  });
  const before = readFileSync(join(directory, 'permall'));
  const { stdout, stderr } = await run('prlimit', [
    '--fsize=1000',
    process.execPath,
    child('fill-disk.mjs'),
    ADDON,
    directory,
  ]);
  const failure = { code: 'STATE_IO', message: expect.stringContaining('EFBIG') };
  expect(JSON.parse(stdout)).toEqual([failure, failure, failure]);
  // On its own libtpms prints the failed command with the password in it.
  expect(stderr).toBe('');
  expect(readdirSync(directory)).toEqual(['permall']);
  expect(readFileSync(join(directory, 'permall')).equals(before)).toBe(true);
  expect(await withTpm(directory, recoveryTime)).toBe(1234);
});

test('a TPM that cannot be stored is not made', async () => {
  const directory = temporaryDirectory();
  const limited = ['--fsize=1000', process.execPath, child('fill-disk.mjs'), ADDON, directory];
  const { stdout } = await run('prlimit', limited);
  expect(JSON.parse(stdout)).toEqual({
    code: 'STATE_IO',
    message: expect.stringContaining('EFBIG'),
  });
  expect(readdirSync(directory)).toEqual([]);
});

test('a failed write is over once the TPM is opened again with room on the disk', async () => {
  const directory = temporaryDirectory();
  await withTpm(directory, async () => undefined);
  const tpm = await native.openLibtpms(directory);
  await tpm.transmit(STARTUP);
  await setFileSizeLimit('1000:unlimited');
  try {
    await expect(tpm.transmit(setRecoveryTime(77))).rejects.toMatchObject({ code: 'STATE_IO' });
  } finally {
    await setFileSizeLimit('unlimited:unlimited');
  }
  await expect(tpm.transmit(GET_RECOVERY_TIME)).rejects.toMatchObject({ code: 'STATE_IO' });
  await tpm.close();
  await withTpm(directory, async (again) => {
    expect(await recoveryTime(again)).not.toBe(77);
    expect(codeOf(await again.transmit(setRecoveryTime(77)))).toBe(SUCCESS);
    expect(await recoveryTime(again)).toBe(77);
  });
});

/** Of this process. */
async function setFileSizeLimit(limit: string): Promise<void> {
  await run('prlimit', [`--fsize=${limit}`, `--pid=${process.pid}`]);
}
