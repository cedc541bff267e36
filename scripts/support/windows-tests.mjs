import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEBIAN_12, WindowsLab } from '../../test/windows-lab/harness/lab.mjs';
import { windowsPath } from '../../test/windows-lab/harness/paths.mjs';
import { Broken, runVitest } from '../../test/windows-lab/harness/vitest.mjs';
import { runOrFail } from './run.mjs';
import { sum, tally } from './vitest-results.mjs';

/**
 * Runs the Windows lab's suites in each of its versions of Node.
 *
 * @param {{ next?: boolean, secondTry?: boolean, files?: string[] }} options - `secondTry`: a test that
 * fails is run once more, and named if it passes then; `files`: some test files instead of all
 * @returns {Promise<{ passed: number, failed: number, skipped: number, problems: string[] }>}
 */
export async function testWindows({ next = false, secondTry = false, files = [] } = {}) {
  const kind = next
    ? (await import('../../test/windows-lab/harness/debian-13.mjs')).DEBIAN_13
    : DEBIAN_12;
  runOrFail(process.execPath, ['scripts/build-windows.mjs']);
  const args = secondTry ? ['--retry=1', ...files] : files;
  const results = [];
  for (const version of kind.versions) {
    const result = await testOnceMoreAfterHang(kind, version, args);
    const named = result.problems.map((problem) => `Node ${version} for Windows: ${problem}`);
    results.push({ ...result, problems: named });
  }
  return sum(results);
}

/**
 * Under load a run hangs now and then, which was not explained: Wine is suspected, and not proven. It is
 * said to have hung, and made once more from its beginning; a second hang is a failure. So a rare hang
 * of the library's own shows in the output only.
 */
async function testOnceMoreAfterHang(kind, version, args) {
  const first = await testIn(kind, version, args);
  if (!first.hung) return first;
  console.log(`Node ${version} for Windows: ${first.problems.join(', ')}. Once more.`);
  return testIn(kind, version, args);
}

/** Each version has a Wine of its own: what went wrong in one does not go on in the next. */
async function testIn(kind, version, args) {
  const scratch = mkdtempSync(join(tmpdir(), 'virtual-smartcard-windows-'));
  const started = Date.now();
  const lab = await WindowsLab.start(kind);
  try {
    const report = join(scratch, 'report.json');
    const reporters = ['--reporter=default', '--reporter=json'];
    const output = `--outputFile.json=${windowsPath(report)}`;
    const status = await runVitest(lab, version, [...reporters, output, ...args]);
    const result = tally(report, status);
    const seconds = Math.round((Date.now() - started) / 1000);
    console.log(`Node ${version} for Windows: ${result.passed} passed in ${seconds} s`);
    return result;
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    return { ...error.counts, hung: true, problems: [`the lab stopped in ${error.message}`] };
  } finally {
    await lab.end();
    rmSync(scratch, { recursive: true, force: true });
  }
}
