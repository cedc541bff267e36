import type { VirtualSmartCardManager } from '../manager.js';
import { Bench } from './bench.js';
import { describePlatform, withoutUserName } from './platform.js';
import {
  countOutcomes,
  type SelfTestPlatform,
  type SelfTestReport,
  type SelfTestStep,
} from './report.js';
import { StepRunner } from './step-runner.js';
import { allSteps } from './steps/all.js';

/** Options of the self-test that have been checked. */
export interface CheckedSelfTestOptions {
  backend: SelfTestPlatform['backend'];
  wrongPins: boolean;
  timeLimitMs: number;
  signal: AbortSignal | undefined;
  onStep: ((step: SelfTestStep) => void) | undefined;
}

/** Runs all steps and tidies up. */
export async function runSelfTest(
  manager: VirtualSmartCardManager,
  { backend, wrongPins, timeLimitMs, signal: stopped, onStep }: CheckedSelfTestOptions,
): Promise<SelfTestReport> {
  const stop = new AbortController();
  const signal = stopped ? AbortSignal.any([stopped, stop.signal]) : stop.signal;
  const listener = new Listener(onStep, stop);

  const startedAt = new Date().toISOString();
  const start = performance.now();
  const platform = await describePlatform(backend);
  const bench = new Bench(manager, timeLimitMs);
  const tell = (step: SelfTestStep) => listener.tell(withoutUserName(step));
  const runner = new StepRunner({ signal, timeLimitMs, wrongPins, onStep: tell });
  try {
    for (const step of allSteps(bench)) await runner.run(step);
  } finally {
    bench.secrets.wipe();
  }
  listener.throwFailure();
  const counts = countOutcomes(runner.steps);
  return withoutUserName({
    schema: 1,
    startedAt,
    durationMs: Math.round(performance.now() - start),
    passed: counts.failed === 0 && counts['not-run'] === 0,
    stopped: signal.aborted,
    wrongPins,
    platform,
    counts,
    steps: runner.steps,
    leftCards: bench.keeper.left,
  });
}

/** The caller's `onStep`, whose failure stops the test but not the tidying up. */
class Listener {
  readonly #onStep: ((step: SelfTestStep) => void) | undefined;
  readonly #stop: AbortController;
  #failure: { reason: unknown } | undefined;

  constructor(onStep: ((step: SelfTestStep) => void) | undefined, stop: AbortController) {
    this.#onStep = onStep;
    this.#stop = stop;
  }

  tell(step: SelfTestStep): void {
    if (this.#failure) return;
    try {
      this.#onStep?.(step);
    } catch (reason) {
      this.#failure = { reason };
      this.#stop.abort(reason);
    }
  }

  throwFailure(): void {
    if (this.#failure) throw this.#failure.reason;
  }
}
