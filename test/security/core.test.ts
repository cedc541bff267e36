import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { occurrences, takeCore } from '../support/core-file.js';
import { randomPin, temporaryDirectory } from '../support/store.js';

const CHILD = fileURLToPath(new URL('children/core-child.mjs', import.meta.url));

/** A child that stops at each stage until it is told to go on. */
class StagedChild {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #directory: string;

  constructor(process: ChildProcess, directory: string) {
    this.#process = process;
    this.#lines = createInterface({ input: process.stdout as Readable })[Symbol.asyncIterator]();
    this.#directory = directory;
  }

  async reach(stage: string): Promise<void> {
    const line = await this.#lines.next();
    expect(line.value).toBe(stage);
  }

  goOn(): void {
    this.#process.stdin?.write('\n');
  }

  /** How often each value occurs in a core taken now. */
  async search(...values: Buffer[]): Promise<number[]> {
    const path = await takeCore(this.#process.pid ?? 0, this.#directory);
    const found = await Promise.all(values.map((value) => occurrences(path, value)));
    await rm(path);
    return found;
  }
}

test('a core taken after the card was locked again holds neither the PIN nor A', async () => {
  const directory = await temporaryDirectory();
  const cores = await temporaryDirectory();
  const pin = randomPin(12);
  const child = spawn(process.execPath, [CHILD, directory], {
    stdio: ['pipe', 'pipe', 'inherit', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  (child.stdio[3] as Writable).end(pin);
  const values: Buffer[] = [];
  (child.stdio[4] as Readable).on('data', (chunk: Buffer) => values.push(chunk));
  const staged = new StagedChild(child, cores);

  await staged.reach('open');
  const authorization = Buffer.concat(values).subarray(0, 32);
  expect(authorization).toHaveLength(32);
  // While the PIN is verified A is there, and the PIN in the caller's own bytes: the search works.
  const [openA, openPin] = await staged.search(authorization, pin);
  expect(openA).toBeGreaterThan(0);
  expect(openPin).toBeGreaterThan(0);
  staged.goOn();

  await staged.reach('locked');
  expect(await staged.search(authorization, pin), 'A and PIN in the locked card').toEqual([0, 0]);
  staged.goOn();

  await staged.reach('closed');
  expect(await staged.search(authorization, pin), 'A and PIN after close').toEqual([0, 0]);
  child.stdin?.end();
  await once(child, 'exit');
});
