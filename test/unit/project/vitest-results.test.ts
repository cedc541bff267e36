import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { longChecks, sum, tally } from '../../../scripts/support/vitest-results.mjs';

const VITEST = fileURLToPath(new URL('../../../node_modules/vitest/vitest.mjs', import.meta.url));

let folder: string;
const ci = process.env['CI'];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vsc-tally-'));
  delete process.env['CI'];
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  if (ci === undefined) delete process.env['CI'];
  else process.env['CI'] = ci;
});

describe('the closing count', () => {
  it('is that of the tests', () => {
    suite('good.test.js', "test('a', () => {}); test('b', () => {});");
    expect(runAndTally()).toEqual({ passed: 2, failed: 0, skipped: 0, problems: [] });
  });

  it('has failed and skipped tests', () => {
    suite('bad.test.js', "test('a', () => {}); test('b', () => { throw Error('no'); });");
    suite('idle.test.js', "test('c', () => {}); test.skip('d', () => {}); test.todo('e');");
    expect(runAndTally()).toEqual({ passed: 2, failed: 1, skipped: 2, problems: [] });
  });

  it('counts a skipped test as a problem under CI', () => {
    suite('idle.test.js', "test('a', () => {}); test.skip('b', () => {});");
    process.env['CI'] = 'true';
    expect(runAndTally().problems).toEqual(['1 tests were skipped, which CI does not allow']);
  });

  it('counts a file that could not run as a problem', () => {
    suite('good.test.js', "test('a', () => {});");
    suite('broken.test.js', "throw new Error('at import');");
    const { passed, problems } = runAndTally();
    expect(passed).toBe(1);
    expect(problems).toEqual([expect.stringMatching(/broken\.test\.js did not run$/)]);
  });

  it('counts an error outside the tests as a problem', () => {
    suite('late.test.js', "test('a', () => { Promise.reject(new Error('nobody waits')); });");
    expect(runAndTally().problems).toHaveLength(1);
  });

  it('counts no test at all as a problem', () => {
    expect(runAndTally().problems.length).toBeGreaterThan(0);
    writeFileSync(join(folder, 'report.json'), '{"testResults":[]}');
    expect(tally(join(folder, 'report.json'), 0).problems).toEqual(['no test ran']);
  });

  it('counts a missing report as a problem', () => {
    expect(tally(join(folder, 'nowhere.json'), 0).problems).toEqual([
      'vitest ended without a report',
    ]);
  });
});

it('several runs are added up', () => {
  const one = { passed: 2, failed: 1, skipped: 0, problems: ['a'] };
  const other = { passed: 3, failed: 0, skipped: 4, problems: ['b', 'c'] };
  expect(sum([one, other])).toEqual({
    ...{ passed: 5, failed: 1, skipped: 4 },
    problems: ['a', 'b', 'c'],
  });
  expect(sum([])).toEqual({ passed: 0, failed: 0, skipped: 0, problems: [] });
});

it('the long checks are the files that take their counts from counts.ts', () => {
  expect(() => longChecks(folder)).toThrow(/imports counts\.js/);
  suite('long.test.ts', "import { count } from '../support/counts.js';");
  suite('short.test.ts', "import { x } from '../support/other.js';");
  expect(longChecks(folder)).toEqual([join(folder, 'long.test.ts')]);
});

function suite(name: string, source: string): void {
  writeFileSync(join(folder, name), source);
}

/** Lets the real vitest run the suites in the folder and counts its report. */
function runAndTally() {
  const report = join(folder, 'report.json');
  const options = ['--globals', '--reporter=json', `--outputFile.json=${report}`];
  const { status } = spawnSync(process.execPath, [VITEST, 'run', '--root', folder, ...options]);
  return tally(report, status ?? 1);
}
