import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What vitest's JSON report says, counted anew test by test. `problems` are failures that no test
 * stands for.
 *
 * @param {string} file
 * @param {number} exitCode - of vitest
 * @returns {{ passed: number, failed: number, skipped: number, problems: string[] }}
 */
export function tally(file, exitCode) {
  const counts = { passed: 0, failed: 0, skipped: 0, problems: [] };
  if (!existsSync(file)) {
    counts.problems.push('vitest ended without a report');
    return counts;
  }
  for (const suite of JSON.parse(readFileSync(file, 'utf8')).testResults) {
    for (const { status } of suite.assertionResults) {
      if (status === 'passed' || status === 'failed') counts[status]++;
      else counts.skipped++;
    }
    const failedItself = !suite.assertionResults.some(({ status }) => status === 'failed');
    if (suite.status === 'failed' && failedItself)
      counts.problems.push(`${suite.name} did not run`);
  }
  if (counts.passed + counts.failed === 0) counts.problems.push('no test ran');
  // On a developer's machine a test may find its program missing; where it counts, none may.
  if (process.env.CI && counts.skipped > 0) {
    counts.problems.push(`${counts.skipped} tests were skipped, which CI does not allow`);
  }
  if (exitCode !== 0 && counts.failed + counts.problems.length === 0) {
    counts.problems.push(`vitest ended with exit code ${exitCode}`);
  }
  return counts;
}

/** Adds what {@link tally} counted in several runs. */
export function sum(results) {
  const add = (name) => results.reduce((total, result) => total + result[name], 0);
  const problems = results.flatMap((result) => result.problems);
  return { passed: add('passed'), failed: add('failed'), skipped: add('skipped'), problems };
}

/** The test files whose counts depend on `test/support/counts.ts`; there are some. */
export function longChecks(folder) {
  const files = readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(folder, name))
    .filter((file) => readFileSync(file, 'utf8').includes('/support/counts.js'));
  // Vitest would take no file for every file.
  if (files.length === 0) throw new Error(`No test file below ${folder} imports counts.js`);
  return files;
}
