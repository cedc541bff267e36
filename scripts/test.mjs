// Runs every check of the project and ends with the line `N passed, N failed`: the tests' numbers,
// and one more failure for each check that failed without a test of its own.
// --soak runs instead the long checks with their full counts.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, run, runTool } from './support/run.mjs';
import { longChecks, tally } from './support/vitest-results.mjs';

const soak = process.argv.includes('--soak');
const problems = [];

if (soak) {
  conclude(runVitest(longChecks(join(ROOT, 'test')), { ...process.env, VSC_SOAK: '1' }));
} else {
  if (runScript('lint.mjs') !== 0) problems.push('lint');
  const tests = runVitest([], process.env);
  if (runScript('sanitize.mjs') !== 0) problems.push('sanitizers');
  conclude(tests);
}

function runScript(name) {
  return run(process.execPath, [`scripts/${name}`]);
}

function runVitest(files, env) {
  const scratch = mkdtempSync(join(tmpdir(), 'virtual-smartcard-test-'));
  try {
    const report = join(scratch, 'report.json');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const status = runTool('vitest/vitest.mjs', ['run', ...reporters, ...files], { env });
    return tally(report, status);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function conclude(tests) {
  problems.push(...tests.problems);
  for (const problem of problems) console.log(`FAILED: ${problem}`);
  const failed = tests.failed + problems.length;
  const skipped = tests.skipped > 0 ? `, ${tests.skipped} skipped` : '';
  console.log(`${tests.passed} passed, ${failed} failed${skipped}`);
  process.exitCode = failed === 0 ? 0 : 1;
}
