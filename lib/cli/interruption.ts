import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type InterruptingSignal = (typeof SIGNALS)[number];

/** The user stopped the program, by a signal or by Ctrl-C at a prompt. */
export class Interrupted extends Error {
  /** 128 and the signal's number, as shells have it. */
  readonly exitCode: number;

  constructor(signal: InterruptingSignal) {
    super(`interrupted by ${signal}`);
    this.exitCode = 128 + constants.signals[signal];
  }

  override get name(): string {
    return 'Interrupted';
  }
}

/**
 * One Ctrl-C may arrive several times: from the terminal and from npx or another wrapper. Signals
 * this close together are one.
 */
const ONE_SIGNAL_MS = 1_000;

/**
 * Turns the signals that stop a program into the abort of what it is doing, which then cleans up
 * after itself. A later signal ends the process at once.
 */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #onEnd: (interrupted: Interrupted) => void;
  #abortedAt = 0;

  /** @param onEnd - told that the process ends at once, amid its work */
  constructor(onEnd: (interrupted: Interrupted) => void) {
    this.#onEnd = onEnd;
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    const interrupted = new Interrupted(signal as InterruptingSignal);
    if (!this.#controller.signal.aborted) {
      this.#abortedAt = performance.now();
      this.#controller.abort(interrupted);
    } else if (performance.now() - this.#abortedAt > ONE_SIGNAL_MS) {
      this.#onEnd(interrupted);
      process.exit(interrupted.exitCode);
    }
  };
}
