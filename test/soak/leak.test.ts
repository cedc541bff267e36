import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { count } from '../support/counts.js';
import { type Sample, slope } from '../support/slope.js';
import { temporaryDirectory } from '../support/store.js';

const WORKER = fileURLToPath(new URL('../support/leak-worker.mjs', import.meta.url));
const CYCLES = count(150, 5000);

/**
 * V8's own growth would hide a leak: its young generation, which it enlarges by megabytes at a time,
 * and compiled code. So the one is kept small and the other left out; then the resident set stays
 * within some pages.
 */
const QUIET_V8 = ['--expose-gc', '--max-semi-space-size=1', '--no-opt', '--single-threaded'];

/**
 * Bytes per cycle that are clearly a leak. A cycle handles some ten kilobytes (card files, some dozen
 * commands and responses, the objects of a card); who forgets one of those loses a kilobyte or more.
 * In the short count a few hundred kilobytes of unrest right after the start are still in sight.
 */
const BOUND = count(16 * 1024, 1024);

/** Runs the cycles in a process of their own and samples its resident set, in bytes. */
async function sample(cycle: string, cycles: number, more: object = {}): Promise<Sample[]> {
  const stateDirectory = await temporaryDirectory();
  const every = Math.ceil(cycles / 200);
  const job = JSON.stringify({ cycle, cycles, every, stateDirectory, ...more });
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, [...QUIET_V8, WORKER, job]);
  return JSON.parse(stdout) as Sample[];
}

test.each([
  ['key', 'create a key, sign, delete it'],
  ['card', 'create a card, sign, destroy it'],
  ['manager', 'open a manager, sign, close it'],
])(`no leak in ${CYCLES} cycles: %s`, async (cycle, description) => {
  const samples = await sample(cycle, CYCLES);
  const bytes = slope(samples);
  const last = samples.at(-1)?.[1] ?? Number.NaN;
  console.log(
    `${description}: ${CYCLES} cycles, slope of the resident set over the last 80 %: ` +
      `${bytes.toFixed(0)} bytes per cycle, ${(last / 2 ** 20).toFixed(1)} MiB at the end`,
  );
  expect(bytes).toBeLessThan(BOUND);
});

test('the measurement sees a leak of the size of its bound', async () => {
  const bytes = slope(await sample('leaking', CYCLES, { bytes: 2 * BOUND }));
  expect(bytes).toBeGreaterThan(BOUND);
});
