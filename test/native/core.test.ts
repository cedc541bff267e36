import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { occurrences, takeCore } from '../support/core-file.js';
import { ADDON, child, ready, temporaryDirectory } from './support.js';

// A core file of a process is all its memory and the registers of all its threads.
test('forget leaves neither the authorisation nor the data of a flushed object in the process', async () => {
  const secrets = randomBytes(64);
  const core = await coreAfterUse(secrets, 'forget');
  expect(await occurrencesOfHalves(core, secrets)).toBe(0);
});

test('without forget the values are found: the search works, and forget is needed', async () => {
  const secrets = randomBytes(64);
  const core = await coreAfterUse(secrets, 'keep');
  expect(await occurrencesOfHalves(core, secrets)).toBeGreaterThan(0);
});

/** Path of a core of a process that used the secrets and wiped its own copies. */
async function coreAfterUse(secrets: Buffer, mode: 'forget' | 'keep'): Promise<string> {
  const directory = temporaryDirectory();
  const user = spawn(process.execPath, [child('use-secrets.mjs'), ADDON, directory, mode], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    user.stdin.write(secrets);
    await ready(user);
    return await takeCore(user.pid ?? 0, directory);
  } finally {
    user.kill('SIGKILL');
  }
}

/** How often any 16-byte half of the two secrets occurs in the file. */
async function occurrencesOfHalves(path: string, secrets: Buffer): Promise<number> {
  let count = 0;
  for (const start of [0, 16, 32, 48]) {
    count += await occurrences(path, secrets.subarray(start, start + 16));
  }
  return count;
}
