import { appendFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../support/store.js';
import { Progress } from '../../windows-lab/harness/progress.mjs';

/** What the reporter writes, one entry after the other. */
async function begun() {
  const file = join(await temporaryDirectory(), 'progress');
  const progress = new Progress(file);
  const note = (entry: object) => appendFileSync(file, `${JSON.stringify(entry)}\n`);
  return { file, progress, note };
}

test('a run is placed by what began last', async () => {
  const { progress, note } = await begun();
  expect(progress.place).toBe('before the first test file');
  note({ event: 'file', file: 'a.test.ts' });
  expect(progress.place).toBe('a.test.ts, at its start');
  note({ event: 'begin', test: 'one' });
  expect(progress.place).toBe('a.test.ts, in "one"');
  note({ event: 'end', test: 'one', state: 'passed' });
  expect(progress.place).toBe('a.test.ts, after "one"');
  note({ event: 'file end', file: 'a.test.ts' });
  expect(progress.place).toBe('after a.test.ts');
  note({ event: 'file', file: 'b.test.ts' });
  note({ event: 'output' });
  expect(progress.place).toBe('b.test.ts, at its start');
});

test('the tests that ended count, whatever became of the rest', async () => {
  const { file, progress, note } = await begun();
  note({ event: 'end', test: 'one', state: 'passed' });
  note({ event: 'end', test: 'two', state: 'failed' });
  note({ event: 'end', test: 'three', state: 'skipped' });
  note({ event: 'end', test: 'four', state: 'passed' });
  appendFileSync(file, '{"event":"end","test":"five","sta');
  expect(progress.counts).toEqual({ passed: 2, failed: 1, skipped: 1 });
});

test('silence is counted from the last entry', async () => {
  const { file, progress } = await begun();
  const then = new Date(Date.now() - 60_000);
  utimesSync(file, then, then);
  expect(progress.silence).toBeGreaterThanOrEqual(60_000);
});
