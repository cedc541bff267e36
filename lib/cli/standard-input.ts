import type { Readable } from 'node:stream';
import { wipe } from '../secret.js';
import { fileReadError } from './file-error.js';
import { SecretLine } from './secret-line.js';

/** How reading a line ended without one. */
export type LineFailure = 'interrupted' | 'ended' | 'too-long';

/** A stream as process.stdin is one: a terminal has `isTTY` and `setRawMode`. */
export interface InputStream extends Readable {
  isTTY?: boolean | undefined;
  setRawMode?: ((raw: boolean) => unknown) | undefined;
  unref?: (() => unknown) | undefined;
}

/**
 * Reads secret lines from standard input. The chunks that Node hands over are wiped as soon as
 * they are used up; what was typed ahead stays for the next line.
 */
export class StandardInput {
  readonly #stream: InputStream;
  readonly #chunks: Buffer[] = [];
  #offset = 0;
  #ended = false;
  #failure: Error | undefined;
  #listening = false;
  #wake: (() => void) | undefined;

  constructor(stream: InputStream) {
    this.#stream = stream;
  }

  get isTerminal(): boolean {
    return this.#stream.isTTY === true && this.#stream.setRawMode !== undefined;
  }

  /** Runs `work` with the terminal's echo and line editing switched off, and back on after it. */
  async raw<T>(work: () => Promise<T>): Promise<T> {
    this.#stream.setRawMode?.(true);
    try {
      return await work();
    } finally {
      this.#stream.setRawMode?.(false);
      this.#stream.pause();
    }
  }

  /**
   * The next line, in memory that the caller wipes, or why there is none.
   *
   * @param signal - its abort rejects with its reason
   */
  async readLine(kind: 'typed' | 'piped', signal: AbortSignal): Promise<Buffer | LineFailure> {
    const line = new SecretLine(kind);
    try {
      for (;;) {
        const byte = this.#next();
        if (byte === undefined) {
          if (this.#failure) throw fileReadError('standard input', this.#failure);
          if (this.#ended) return line.isEmpty ? 'ended' : line.take();
          await this.#more(signal);
          continue;
        }
        const state = line.push(byte);
        if (state === 'done') return line.take();
        if (state !== 'open') return state;
      }
    } finally {
      line.wipe();
    }
  }

  /** Stops reading, so that the process can end, and wipes what nobody asked for. */
  release(): void {
    wipe(...this.#chunks.splice(0));
    if (!this.#listening) return;
    this.#listening = false;
    this.#stream.off('data', this.#onData).off('end', this.#onEnd).off('error', this.#onError);
    this.#stream.pause();
    this.#stream.unref?.();
  }

  #next(): number | undefined {
    const chunk = this.#chunks[0];
    if (!chunk) return undefined;
    const byte = chunk[this.#offset];
    this.#offset += 1;
    if (this.#offset >= chunk.length) {
      wipe(this.#chunks.shift());
      this.#offset = 0;
    }
    return byte;
  }

  async #more(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#listen();
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    const wake = () => this.#wake?.();
    signal.addEventListener('abort', wake);
    this.#stream.resume();
    await woken;
    signal.removeEventListener('abort', wake);
    signal.throwIfAborted();
  }

  #listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    this.#stream.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onError);
  }

  readonly #onData = (chunk: Buffer): void => {
    if (chunk.length > 0) this.#chunks.push(chunk);
    this.#stream.pause();
    this.#wake?.();
  };

  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#wake?.();
  };

  readonly #onError = (error: Error): void => {
    this.#failure = error;
    this.#wake?.();
  };
}
