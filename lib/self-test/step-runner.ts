import { VirtualSmartCardError } from '../errors.js';
import { describeFailure, NotRun } from './failure.js';
import type { SelfTestOutcome, SelfTestStep } from './report.js';
import type { Step } from './step.js';

export interface RunnerOptions {
  /** Its abort stops the test: what is left is not run, but for what tidies up. */
  signal: AbortSignal;
  /** Longest time of one step. */
  timeLimitMs: number;
  /** Whether steps that give wrong PINs are run. */
  wrongPins: boolean;
  /** Told of each step when it has ended. */
  onStep: (step: SelfTestStep) => void;
}

/** A call that is stopped gets this long to end by itself: longer than a backend needs to give a call up. */
const STOP_LIMIT_MS = 20_000;

/** Errors that say that something is not offered. */
const NOT_OFFERED = new Set(['ERR_NOT_SUPPORTED', 'ERR_ALGORITHM_NOT_SUPPORTED']);

const STOPPED = 'The test was stopped.';

const WORDS: Record<SelfTestOutcome, string> = {
  passed: 'passed',
  failed: 'failed',
  'not-supported': 'is not supported',
  'left-out': 'was left out',
  'not-run': 'was not run',
};

type Ending = Omit<SelfTestStep, 'name' | 'title' | 'durationMs'>;

/** Runs steps one after the other and keeps what became of each: none is silently absent. */
export class StepRunner {
  readonly steps: SelfTestStep[] = [];
  readonly #options: RunnerOptions;
  /** The step that did not come back. */
  #hanging: string | undefined;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  async run(step: Step): Promise<void> {
    const start = performance.now();
    const ending = this.#obstacle(step) ?? (await this.#attempt(step));
    const durationMs = Math.round(performance.now() - start);
    const { outcome, ...rest } = ending;
    const result = { name: step.name, title: step.title, outcome, durationMs, ...rest };
    this.steps.push(result);
    this.#options.onStep(result);
  }

  /** What keeps a step from being run. */
  #obstacle({ always, wrongPins, needs = [] }: Step): Ending | undefined {
    if (!always && this.#options.signal.aborted) return { outcome: 'not-run', reason: STOPPED };
    if (!always && this.#hanging !== undefined) {
      return { outcome: 'not-run', reason: `"${this.#hanging}" did not come back.` };
    }
    if (wrongPins && !this.#options.wrongPins) {
      return { outcome: 'left-out', reason: `It gives ${wrongPins} wrong PINs.` };
    }
    for (const name of needs) {
      const before = this.steps.find((step) => step.name === name)?.outcome ?? 'not-run';
      if (before === 'passed') continue;
      const reason = `It needs "${name}", which ${WORDS[before]}.`;
      return { outcome: inherited(before), reason };
    }
    return undefined;
  }

  async #attempt(step: Step): Promise<Ending> {
    try {
      const details = await this.#limited(step);
      return { outcome: 'passed', ...(details && { details }) };
    } catch (error) {
      if (error instanceof NotRun) return { outcome: 'not-run', reason: error.message };
      if (!step.always && this.#options.signal.aborted) {
        const wasStopped = VirtualSmartCardError.is(error, 'ERR_ABORTED');
        if (wasStopped) return { outcome: 'not-run', reason: STOPPED };
      }
      const described = describeFailure(error);
      const notOffered = step.optional && NOT_OFFERED.has(described.code);
      return { outcome: notOffered ? 'not-supported' : 'failed', error: described };
    }
  }

  /** Runs a step, but waits no longer for it than its limit, and less once the test is stopped. */
  #limited(step: Step) {
    const { signal: stop, timeLimitMs } = this.#options;
    const limit = new AbortController();
    const timers: NodeJS.Timeout[] = [];
    let onStop = (): void => undefined;
    const tooLong = new Promise<never>((_resolve, reject) => {
      const giveUp = (after: number) => {
        const error = timeOut(after);
        this.#hanging = step.name;
        limit.abort(error);
        reject(error);
      };
      timers.push(setTimeout(giveUp, timeLimitMs, timeLimitMs));
      const stopLimit = Math.min(STOP_LIMIT_MS, timeLimitMs);
      onStop = () => timers.push(setTimeout(giveUp, stopLimit, stopLimit));
    });
    if (!step.always) stop.addEventListener('abort', onStop);
    const signal = step.always ? limit.signal : AbortSignal.any([stop, limit.signal]);
    // What a step does after it was given up is for nobody to hear of.
    const work = step.run(signal);
    work.catch(() => undefined);
    return Promise.race([work, tooLong]).finally(() => {
      for (const timer of timers) clearTimeout(timer);
      stop.removeEventListener('abort', onStop);
    });
  }
}

/** What a step becomes whose need was not met: what is not offered or wanted is no fault. */
function inherited(before: SelfTestOutcome): SelfTestOutcome {
  return before === 'not-supported' || before === 'left-out' ? before : 'not-run';
}

function timeOut(afterMs: number): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_TIMEOUT',
    `The step did not come back within ${afterMs / 1000} seconds. The test makes no further calls but those that tidy up.`,
  );
}
