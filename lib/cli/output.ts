import type { CreationStatus } from '../index.js';
import { CliError } from './failure.js';

/** What writing fails with when nobody reads: the first time, and after it. */
const READER_GONE = new Set<string | undefined>(['EPIPE', 'ERR_STREAM_DESTROYED']);

/** Where the command line writes. */
export interface OutputStreams {
  stdout: NodeJS.WritableStream;
  stderr: NodeJS.WritableStream;
}

/** How a verb's result is shown. */
export interface OutputMode {
  /** One JSON document on stdout, an error as one on stderr, nothing else. */
  json: boolean;
  /** The result only. */
  quiet: boolean;
}

/** What a verb hands back: the same result for programs and for people. */
export interface Result {
  /** The document that --json prints. */
  document: Record<string, unknown>;
  /** Lines for people; with --quiet too. */
  lines?: readonly string[];
  /** Further lines for people, left out with --quiet. */
  remarks?: readonly string[];
  /** Bytes that are the result themselves, in place of lines. */
  bytes?: Uint8Array;
  /** What is lost for good when the result cannot be written, and what to do then. */
  loss?: string;
  /** The program's exit code, where the result is that something failed; default 0. */
  exitCode?: number;
}

/** Writes results, progress and warnings, each where and in the form that the mode asks for. */
export class Output {
  readonly #streams: OutputStreams;
  readonly mode: OutputMode;
  readonly #warnings: string[] = [];

  constructor(streams: OutputStreams, mode: OutputMode) {
    this.#streams = streams;
    this.mode = mode;
  }

  /** A stage of creating or destroying a card, as it happens: tpmvscmgr's lines. */
  readonly progress = (status: CreationStatus): void => this.note(status.message);

  /** What is going on, as it happens, for people; programs find it in the document, or by another verb. */
  note(...lines: string[]): void {
    if (this.mode.json || this.mode.quiet) return;
    for (const line of lines) this.#streams.stdout.write(`${line}\n`);
  }

  /** Said at once to people; programs find it in the document. */
  warn(text: string): void {
    this.#warnings.push(text);
    if (!this.mode.json) this.#streams.stderr.write(`warning: ${text}\n`);
  }

  /** What somebody has to answer before the verb can go on, in every mode. */
  demand(text: string): void {
    this.#streams.stderr.write(`${text}\n`);
  }

  /** @throws CliError `ERR_STDOUT`; `ERR_READER_GONE` when whoever read standard output has ended */
  async result(result: Result): Promise<void> {
    const data = this.#form(result);
    if (data.length === 0) return;
    await new Promise<void>((resolve, reject) => {
      this.#streams.stdout.write(data, (error) => {
        if (!error) return resolve();
        const text = `Standard output cannot be written.${result.loss ? ` ${result.loss}` : ''}`;
        const quiet = READER_GONE.has((error as NodeJS.ErrnoException).code) && !result.loss;
        reject(new CliError(quiet ? 'ERR_READER_GONE' : 'ERR_STDOUT', text, { cause: error }));
      });
    });
  }

  /** An error, described by `describeError`. */
  error(document: Record<string, unknown>, lines: readonly string[]): void {
    const text = this.mode.json ? documentText(document, this.#warnings) : `${lines.join('\n')}\n`;
    this.#streams.stderr.write(text);
  }

  #form(result: Result): string | Uint8Array {
    if (this.mode.json) return documentText(result.document, this.#warnings);
    if (result.bytes) return result.bytes;
    const remarks = this.mode.quiet ? [] : (result.remarks ?? []);
    return [...(result.lines ?? []), ...remarks].map((line) => `${line}\n`).join('');
  }
}

function documentText(document: Record<string, unknown>, warnings: readonly string[]): string {
  const whole = warnings.length > 0 ? { ...document, warnings } : document;
  return `${JSON.stringify(whole, null, 2)}\n`;
}
