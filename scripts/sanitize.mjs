// Builds the addon with AddressSanitizer and UndefinedBehaviorSanitizer and uses everything that it
// offers; fails on any report, and on memory that the addon lost.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { outputOf, ROOT, runOrFail } from './support/run.mjs';

const ADDON = join(ROOT, 'build/sanitize/build/Release/virtual_smartcard.node');

runOrFail(process.execPath, ['scripts/build-native.mjs', '--sanitize']);
const scratch = mkdtempSync(join(tmpdir(), 'virtual-smartcard-sanitize-'));
try {
  process.exitCode = sanitizedRun(scratch) ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** True when the run went well and neither sanitizer had anything to say. */
function sanitizedRun(directory) {
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    ['--expose-gc', 'test/native/children/everything.mjs', ADDON, directory],
    { cwd: ROOT, env: sanitizerEnvironment(directory), encoding: 'utf8', timeout: 300_000 },
  );
  const reports = readdirSync(directory)
    .filter((name) => name.startsWith('report.'))
    .map((name) => readFileSync(join(directory, name), 'utf8'));
  const ours = reports.flatMap(complaints);
  for (const complaint of ours) console.error(complaint);
  const finished = status === 0 && stdout.includes('ready');
  if (!finished) console.error(`The run ended with ${signal ?? status}:\n${stdout}${stderr}`);
  if (finished && ours.length === 0) console.log('Sanitizers: no report, no memory lost');
  return finished && ours.length === 0;
}

function sanitizerEnvironment(directory) {
  // Node itself is not built with the sanitizers, so their runtime has to be there before it.
  const runtimes = ['libasan.so', 'libubsan.so'].map((name) =>
    outputOf('g++', [`-print-file-name=${name}`])?.trim(),
  );
  const log = `log_path=${join(directory, 'report')}`;
  return {
    ...process.env,
    LD_PRELOAD: runtimes.join(':'),
    // Node leaves memory to the end of the process; its leaks are told from ours by their stacks.
    ASAN_OPTIONS: `${log}:detect_leaks=1:fast_unwind_on_malloc=0:malloc_context_size=12`,
    LSAN_OPTIONS: 'exitcode=0',
    UBSAN_OPTIONS: `${log}:print_stacktrace=1`,
  };
}

/**
 * The parts of a report that concern us: every error, and each leak with our code in its stack. A
 * promise that is pending when its thread is ended cannot be settled, and Node keeps 8 bytes of it.
 */
function complaints(report) {
  if (!report.includes('LeakSanitizer')) return [report];
  return report
    .split(/\n\s*\n/)
    .filter((part) => / leak of /.test(part) && /virtual_smartcard\.node|native\//.test(part))
    .filter((part) => !part.includes('napi_create_promise'));
}
