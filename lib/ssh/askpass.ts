import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { VirtualSmartCardError } from '../errors.js';
import { allocateSecret, wipe } from '../secret.js';

/** Where Debian and others have one, for whoever installed it. */
const DEFAULT_PROGRAM = '/usr/bin/ssh-askpass';

/** More than any PIN has, and any answer to a question. */
const CAPACITY = 1024;

/** How a program is asked to show itself: for a secret, or for yes or no. */
export type AskpassKind = 'secret' | 'confirm';

/**
 * The program that asks a person in place of the terminal, by OpenSSH's variables; undefined where
 * there is none, or SSH_ASKPASS_REQUIRE says never.
 */
export function askpassProgram(environment: NodeJS.ProcessEnv): string | undefined {
  if (environment['SSH_ASKPASS_REQUIRE'] === 'never') return undefined;
  const named = environment['SSH_ASKPASS'];
  if (named) return named;
  const hasDisplay = Boolean(environment['DISPLAY'] || environment['WAYLAND_DISPLAY']);
  return hasDisplay && existsSync(DEFAULT_PROGRAM) ? DEFAULT_PROGRAM : undefined;
}

/**
 * Whether it can show itself. As with OpenSSH, X and Wayland have to be named, or SSH_ASKPASS_REQUIRE
 * says force: desktops set SSH_ASKPASS in every shell, in those of a console and of ssh, too.
 */
export function askpassHasDisplay(
  environment: NodeJS.ProcessEnv,
  platform: NodeJS.Platform = process.platform,
): boolean {
  if (platform === 'win32' || platform === 'darwin') return true;
  if (environment['SSH_ASKPASS_REQUIRE'] === 'force') return true;
  return Boolean(environment['DISPLAY'] || environment['WAYLAND_DISPLAY']);
}

/**
 * Runs it with the prompt as its argument and takes the first line that it writes.
 *
 * @returns the line, in memory that the caller wipes; undefined when the person declined
 * @throws VirtualSmartCardError `ERR_PIN_REQUIRED` when it cannot be run
 */
export async function runAskpass(
  program: string,
  prompt: string,
  { kind, signal }: { kind: AskpassKind; signal: AbortSignal },
): Promise<Buffer | undefined> {
  const environment = { ...process.env };
  delete environment['SSH_ASKPASS_PROMPT'];
  if (kind === 'confirm') environment['SSH_ASKPASS_PROMPT'] = 'confirm';
  const answer = new Answer();
  try {
    const child = spawn(program, [prompt], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: environment,
      signal,
    });
    child.stdout.on('data', (chunk: Buffer) => answer.add(chunk));
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    return exitCode === 0 ? answer.firstLine() : undefined;
  } catch (cause) {
    if (signal.aborted) return undefined;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new VirtualSmartCardError(
      'ERR_PIN_REQUIRED',
      `The program ${program} (SSH_ASKPASS), which asks for the PIN, cannot be run: ${why}`,
      { cause },
    );
  } finally {
    answer.wipe();
  }
}

/** What the program writes, in memory that is wiped. */
class Answer {
  readonly #bytes = allocateSecret(CAPACITY);
  #length = 0;

  /** What does not fit is left out: no PIN is as long. */
  add(chunk: Buffer): void {
    const fitting = chunk.subarray(0, CAPACITY - this.#length);
    this.#bytes.set(fitting, this.#length);
    this.#length += fitting.length;
    wipe(chunk);
  }

  firstLine(): Buffer {
    const written = this.#bytes.subarray(0, this.#length);
    const end = written.findIndex((byte) => byte === 0x0a || byte === 0x0d);
    const line = end < 0 ? written : written.subarray(0, end);
    const copy = allocateSecret(line.length);
    copy.set(line);
    return copy;
  }

  wipe(): void {
    wipe(this.#bytes);
  }
}
