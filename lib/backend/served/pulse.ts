const BEAT_MS = 5_000;
/** A machine under load may leave a few out. */
const MISSED_BEATS = 4;

/**
 * Tells when a service that is waited for gives no sign of life: it was stopped, or hangs. A service
 * answers a beat also while its TPM is at work. Beats are counted, not time, so that a process that
 * was held up itself blames nobody else.
 */
export class Pulse {
  readonly #beat: () => void;
  readonly #onSilence: () => void;
  #timer: NodeJS.Timeout | undefined;
  #missed = 0;

  /**
   * @param beat - sends something that is answered
   * @param onSilence - called once, after some 20 seconds without an answer
   */
  constructor(beat: () => void, onSilence: () => void) {
    this.#beat = beat;
    this.#onSilence = onSilence;
  }

  /** While something is waited for. */
  start(): void {
    if (this.#timer) return;
    this.#missed = 0;
    this.#timer = setInterval(() => this.#tick(), BEAT_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Something came from the service. */
  heard(): void {
    this.#missed = 0;
  }

  #tick(): void {
    if (this.#missed < MISSED_BEATS) {
      this.#missed += 1;
      this.#beat();
      return;
    }
    this.stop();
    this.#onSilence();
  }
}
