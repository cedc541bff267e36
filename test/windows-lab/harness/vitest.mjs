import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../../scripts/support/run.mjs';
import { InstalledPackage } from './installed-package.mjs';
import { PACKAGES, SOURCES, windowsPath } from './paths.mjs';
import { Progress } from './progress.mjs';

const VITEST = join(PACKAGES, 'node_modules', 'vitest', 'vitest.mjs');
const REPORTER = join(SOURCES, 'harness', 'progress-reporter.mjs');

/** Longer than a test and the hooks around it may take. */
const SILENCE_MS = 200_000;

/** A run that did not come to its end. Everything inside the lab has been ended. */
export class Broken extends Error {
  /**
   * @param {Progress} progress
   * @param {string} why
   */
  constructor(progress, why) {
    super(`${progress.place}: ${why}`);
    this.counts = progress.counts;
  }
}

/**
 * Runs vitest inside the lab with the lab's configuration and resolves to its exit code.
 *
 * @throws Broken when no test begins or ends for long, which a test's own time-out does not see in a
 * process that is stuck; or when Wine itself ends
 */
export async function runVitest(lab, version, args) {
  const config = `--config=${windowsPath(join(SOURCES, 'vitest.config.mjs'))}`;
  const installed = testsPackage(args) ? await InstalledPackage.make() : undefined;
  const project = installed ? { VSC_LAB_PROJECT: windowsPath(installed.project) } : {};
  const scratch = mkdtempSync(join(tmpdir(), 'virtual-smartcard-windows-'));
  const file = join(scratch, 'progress');
  const progress = new Progress(file);
  const hung = new AbortController();
  const shown = args.some((arg) => arg.startsWith('--reporter=')) ? [] : ['--reporter=default'];
  const reporters = [...shown, `--reporter=${windowsPath(REPORTER)}`];
  const line = [windowsPath(VITEST), 'run', config, ...reporters, ...args];
  const watchdog = setInterval(async () => {
    if (progress.silence < SILENCE_MS) return;
    clearInterval(watchdog);
    const seconds = SILENCE_MS / 1000;
    const why = `nothing happened for ${seconds} s. Stacks: ${await lab.writeStacks()}`;
    hung.abort(new Broken(progress, why));
  }, 1000);
  try {
    return await lab.node(version, line, {
      cwd: ROOT,
      env: { VSC_LAB_PROGRESS: windowsPath(file), ...project },
      signal: hung.signal,
    });
  } catch (error) {
    throw error instanceof Broken ? error : new Broken(progress, error.message);
  } finally {
    for (const test of progress.passedLater) console.log(`Not passed at its first try: ${test}`);
    clearInterval(watchdog);
    installed?.remove();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Packing takes a while: it is done for all tests, and where the package's own are named. */
function testsPackage(args) {
  const files = args.filter((arg) => !arg.startsWith('-'));
  return files.length === 0 || files.some((file) => file.includes('windows-lab/package'));
}
