// Runs every check of the project and ends with the line `N passed, N failed`: the tests' numbers,
// and one more failure for each check that failed without a test of its own.
// --soak runs instead the long checks with their full counts, --interop what other people's programs
// do with our cards.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, run, runTool } from './support/run.mjs';
import { longChecks, sum, tally } from './support/vitest-results.mjs';

const soak = process.argv.includes('--soak');
const interop = process.argv.includes('--interop');
const scratch = mkdtempSync(join(tmpdir(), 'virtual-smartcard-test-'));
try {
  if (interop) conclude(runVitest(['test/interop/']));
  else conclude(soak ? await runLongChecks() : await runAll());
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function runAll() {
  const checks = [check('lint')];
  // Both kinds of tests pack, side by side: neither is to build what the other builds.
  checks.push(check('build-prebuilds'));
  checks.push(await runTests({ beside: () => check('sanitize') }));
  return sum(checks);
}

async function runLongChecks() {
  process.env.VSC_SOAK = '1';
  const files = longChecks(join(ROOT, 'test'));
  const isInLab = (file) => file.startsWith(join(ROOT, 'test', 'windows-lab'));
  const inLab = files.filter(isInLab).map((file) => file.slice(ROOT.length));
  return runTests({ files: files.filter((file) => !isInLab(file)), inLab });
}

/**
 * The Windows lab, whose programs wait for each other most of the time, runs beside the other tests.
 * Beside them a program in Wine dies or stalls now and then: a test gets a second try there, and is
 * named if it needs it. `npm run test:windows` gives none. The lab ends last: what else there is to
 * check goes on `beside` it.
 */
async function runTests({ files = [], inLab = [], beside = () => sum([]) } = {}) {
  const lab = runWindowsLab(['--second-try', ...inLab]);
  const tests = [runVitest(files), beside()];
  return sum([...tests, await lab]);
}

function runVitest(files) {
  const report = join(scratch, 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  return tally(report, runTool('vitest/vitest.mjs', ['run', ...reporters, ...files]));
}

/** What it prints is shown when it has ended, so that the two do not mix. */
async function runWindowsLab(args) {
  const results = join(scratch, 'windows-lab.json');
  const output = join(scratch, 'windows-lab.txt');
  const status = await startBeside('test-windows', [`--results=${results}`, ...args], output);
  console.log(`\nThe Windows lab (npm run test:windows):\n${readFileSync(output, 'utf8')}`);
  if (existsSync(results)) return JSON.parse(readFileSync(results, 'utf8'));
  return failure(`the Windows lab ended with exit code ${status} and without results`);
}

/** Starts a script that goes on while this process waits for others; resolves to its exit code. */
async function startBeside(name, args, outputFile) {
  const output = openSync(outputFile, 'w');
  const child = spawn(process.execPath, [`scripts/${name}.mjs`, ...args], {
    cwd: ROOT,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const [code, signal] = await once(child, 'exit');
  return code ?? signal;
}

/** Another check's script. */
function check(name) {
  return run(process.execPath, [`scripts/${name}.mjs`]) === 0 ? sum([]) : failure(name);
}

function failure(problem) {
  return { ...sum([]), problems: [problem] };
}

function conclude({ passed, failed, skipped, problems }) {
  for (const problem of problems) console.log(`FAILED: ${problem}`);
  const all = failed + problems.length;
  console.log(`${passed} passed, ${all} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  process.exitCode = all === 0 ? 0 : 1;
}
