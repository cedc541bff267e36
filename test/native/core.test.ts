import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';

import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ADDON, child, ready, run, temporaryDirectory } from './support.js';

// A core file of a process is all its memory and the registers of all its threads.
test('forget leaves neither the authorisation nor the data of a flushed object in the process', async () => {
  const secrets = randomBytes(64);
  const core = await coreAfterUse(secrets, 'forget');
  expect(await occurrences(core, secrets)).toBe(0);
});

test('without forget the values are found: the search works, and forget is needed', async () => {
  const secrets = randomBytes(64);
  const core = await coreAfterUse(secrets, 'keep');
  expect(await occurrences(core, secrets)).toBeGreaterThan(0);
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
    await run('gcore', ['-o', join(directory, 'core'), String(user.pid)]);
  } finally {
    user.kill('SIGKILL');
  }
  return join(directory, `core.${user.pid}`);
}

/** How often any 16-byte half of the two secrets occurs in the file. */
async function occurrences(path: string, secrets: Buffer): Promise<number> {
  const halves = [0, 16, 32, 48].map((start) => secrets.subarray(start, start + 16));
  const file = await open(path);
  let count = 0;
  try {
    const window = Buffer.alloc(16 * 1024 * 1024);
    let kept = 0;
    for (;;) {
      const { bytesRead } = await file.read(window, kept, window.length - kept);
      if (bytesRead === 0) return count;
      const filled = window.subarray(0, kept + bytesRead);
      for (const half of halves) {
        for (let at = filled.indexOf(half); at >= 0; at = filled.indexOf(half, at + 1)) count += 1;
      }
      kept = Math.min(15, filled.length);
      window.copyWithin(0, filled.length - kept, filled.length);
    }
  } finally {
    await file.close();
  }
}
