import { wipe } from '../secret.js';
import { usageError } from './failure.js';
import { Interrupted } from './interruption.js';
import type { LineFailure, StandardInput } from './standard-input.js';

/** A secret that a verb needs. */
export interface SecretRequest {
  /** What it is called, for example `PIN` or `new PIN`. */
  name: string;
  /** A secret about to be set: on a terminal it is typed twice. */
  fresh?: boolean;
  /** Says what is wrong with it, if something is; never with its content. */
  check?: (secret: Uint8Array) => string | undefined;
}

/** Rounds in which a person may correct a typing mistake. */
const ROUNDS = 3;

/**
 * Gets the secrets of a verb: from the terminal, hidden, or with `--pin-stdin` one line each from
 * standard input.
 */
export class SecretPrompt {
  readonly #input: StandardInput;
  readonly #show: (text: string) => void;
  readonly #signal: AbortSignal;

  /** @param show - writes to the terminal; used only when standard input is one */
  constructor(input: StandardInput, show: (text: string) => void, signal: AbortSignal) {
    this.#input = input;
    this.#show = show;
    this.#signal = signal;
  }

  /** Whether there is somebody who can be asked. */
  get hasTerminal(): boolean {
    return this.#input.isTerminal;
  }

  /**
   * Fails at once, before anything was asked or done, when no secret could be had.
   *
   * @param option - the option that takes secrets from standard input
   * @throws CliError `ERR_USAGE`
   */
  requireSource(fromStdin: boolean, option = 'pin-stdin'): void {
    if (fromStdin || this.#input.isTerminal) return;
    throw usageError(
      `Standard input is not a terminal, so nothing can be asked. With --${option} the secrets are` +
        ' read from standard input, one line each.',
    );
  }

  /**
   * The secrets in the order of the requests, in memory that the caller wipes.
   *
   * @param fromStdin - one line each, asked once
   */
  async ask(requests: readonly SecretRequest[], fromStdin: boolean): Promise<Buffer[]> {
    const secrets: Buffer[] = [];
    try {
      const all = async () => {
        for (const request of requests) {
          secrets.push(await this.#one(request, requests, fromStdin));
        }
      };
      // A terminal is raw for all of them, so that what is typed ahead is not shown either.
      await (this.#input.isTerminal ? this.#input.raw(all) : all());
      return secrets;
    } catch (error) {
      wipe(...secrets);
      throw error;
    }
  }

  /**
   * A line that is no secret and is seen as it is typed, such as a response to a challenge.
   *
   * @param fromStdin - asked once, from standard input
   * @throws CliError `ERR_USAGE`
   */
  async askInClear({ name, check }: SecretRequest, fromStdin: boolean): Promise<string> {
    let complaint = '';
    for (let round = 0; round < (fromStdin ? 1 : ROUNDS); round += 1) {
      if (!fromStdin) this.#show(`${capital(name)}: `);
      const line = await this.#input.readLine('piped', this.#signal);
      if (typeof line === 'string') throw noLine(line, name, 'Give it in one line.');
      complaint = check?.(line) ?? '';
      if (complaint === '') return line.toString();
      if (!fromStdin) this.#show(`The ${name} was not taken: ${complaint}\n`);
    }
    throw usageError(`The ${name} is not usable: ${complaint}`);
  }

  /**
   * Asks a question that is answered by yes or no.
   *
   * @returns undefined when there is no terminal to ask on
   */
  async confirm(question: string): Promise<boolean | undefined> {
    if (!this.#input.isTerminal) return undefined;
    this.#show(`${question} [y/N] `);
    const line = await this.#input.readLine('piped', this.#signal);
    return typeof line !== 'string' && /^y(es)?$/i.test(line.toString().trim());
  }

  async #one(
    request: SecretRequest,
    requests: readonly SecretRequest[],
    fromStdin: boolean,
  ): Promise<Buffer> {
    if (!fromStdin) return this.#typed(request);
    const line = await this.#input.readLine(
      this.#input.isTerminal ? 'typed' : 'piped',
      this.#signal,
    );
    if (typeof line === 'string') {
      const order = requests.map(({ name }) => name).join(', ');
      throw noLine(line, request.name, `One line is needed for each of: ${order}.`);
    }
    const complaint = request.check?.(line);
    if (complaint === undefined) return line;
    wipe(line);
    throw usageError(`The ${request.name} on standard input is not usable: ${complaint}`);
  }

  async #typed(request: SecretRequest): Promise<Buffer> {
    let complaint = '';
    for (let round = 0; round < ROUNDS; round += 1) {
      const secret = await this.#line(`${capital(request.name)}: `, request.name);
      complaint = request.check?.(secret) ?? '';
      if (complaint === '') {
        if (!request.fresh) return secret;
        if (await this.#confirm(request, secret)) return secret;
        complaint = 'it was typed differently the second time.';
      }
      wipe(secret);
      this.#show(`The ${request.name} was not taken: ${complaint}\n`);
    }
    throw usageError(`No ${request.name} after ${ROUNDS} rounds: ${complaint}`);
  }

  async #confirm(request: SecretRequest, secret: Buffer): Promise<boolean> {
    try {
      const again = await this.#line(`${capital(request.name)} again: `, request.name);
      const equal = again.equals(secret);
      wipe(again);
      return equal;
    } catch (error) {
      wipe(secret);
      throw error;
    }
  }

  async #line(text: string, name: string): Promise<Buffer> {
    this.#show(text);
    try {
      const line = await this.#input.readLine('typed', this.#signal);
      if (typeof line === 'string') throw noLine(line, name, 'Type it and press Enter.');
      return line;
    } finally {
      this.#show('\n');
    }
  }
}

function noLine(failure: LineFailure, name: string, advice: string): Error {
  if (failure === 'interrupted') return new Interrupted('SIGINT');
  if (failure === 'too-long') return usageError(`The ${name} is longer than any ${name} can be.`);
  return usageError(`The input ended before the ${name}. ${advice}`);
}

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
