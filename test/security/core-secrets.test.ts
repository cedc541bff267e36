import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { occurrences, takeCore } from '../support/core-file.js';
import { randomPin, temporaryDirectory } from '../support/store.js';
import { Swtpm } from '../support/swtpm.js';

const CHILD = fileURLToPath(new URL('children/secrets-child.mjs', import.meta.url));
const NAMES = { A: 'A', P: 'authValue from PIN or PUK', F: 'file secret' } as const;

/** What the child told of the library's own secrets: a letter, then 32 bytes, again and again. */
function toldSecrets(told: Buffer): [name: string, value: Buffer][] {
  const secrets: [string, Buffer][] = [];
  for (let at = 0; at + 33 <= told.length; at += 33) {
    const letter = told.toString('latin1', at, at + 1) as keyof typeof NAMES;
    secrets.push([`${NAMES[letter]} (${secrets.length})`, told.subarray(at + 1, at + 33)]);
  }
  return secrets;
}

/** Names of the secrets that a core taken now holds. */
async function found(
  child: ChildProcess,
  directory: string,
  secrets: readonly [name: string, value: Buffer][],
): Promise<string[]> {
  const core = await takeCore(child.pid ?? 0, directory);
  const names: string[] = [];
  for (const [name, value] of secrets) if ((await occurrences(core, value)) > 0) names.push(name);
  await rm(core);
  return names;
}

/** A swtpm's address. */
async function startSwtpm(): Promise<string> {
  const swtpm = await Swtpm.start();
  onTestFinished(() => swtpm.remove());
  return swtpm.address;
}

test('with the TPM in another process, a core of a locked card holds none of its secrets', async () => {
  await expectNoneInCore(await startSwtpm(), () => true);
});

test('with the TPM in this process, a core of a locked card holds none but what the TPM itself stores', async () => {
  await expectNoneInCore('libtpms', (name) => !name.startsWith(NAMES.F));
});

/** @param isPromised - which of the secrets, by name, the core must not hold */
async function expectNoneInCore(tpm: string, isPromised: (name: string) => boolean): Promise<void> {
  const [directory, cores] = [await temporaryDirectory(), await temporaryDirectory()];
  const given: [string, Buffer][] = [
    ['PIN', randomPin(12)],
    ['new PIN', randomPin(12)],
    ['PUK', randomPin(12)],
    ['admin key', randomBytes(24)],
  ];
  const child = spawn(process.execPath, [CHILD, directory, tpm], {
    stdio: ['pipe', 'pipe', 'inherit', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout as Readable })[Symbol.asyncIterator]();
  const told: Buffer[] = [];
  (child.stdio[4] as Readable).on('data', (chunk: Buffer) => told.push(chunk));
  (child.stdio[3] as Writable).end(Buffer.concat(given.map(([, value]) => value)));

  expect((await lines.next()).value).toBe('open');
  const all = [...given, ...toldSecrets(Buffer.concat(told))];
  const secrets = all.filter(([name]) => isPromised(name));
  const names = all.map(([name]) => name).join();
  expect(names).toMatch(/admin key.*authValue.*file secret.*A \(/s);
  // The caller's own bytes, and A while the PIN is verified, are there: the search works.
  const open = await found(child, cores, secrets);
  expect(open).toEqual(expect.arrayContaining(['PIN', 'new PIN', 'PUK', 'admin key']));
  expect(open.some((name) => name.startsWith('A ('))).toBe(true);

  for (const stage of ['locked', 'closed']) {
    child.stdin?.write('\n');
    expect((await lines.next()).value).toBe(stage);
    expect(await found(child, cores, secrets), stage).toEqual([]);
  }
  child.stdin?.end();
  await once(child, 'exit');
}
