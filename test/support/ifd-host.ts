import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What a call of the handler came to. */
export interface IfdResult {
  code: number;
  bytes: string;
}

/** Codes of the IFD handler interface. */
export const Ifd = {
  SUCCESS: 0,
  ERROR_TAG: 600,
  NOT_SUPPORTED: 606,
  ERROR_POWER_ACTION: 608,
  COMMUNICATION_ERROR: 612,
  ICC_PRESENT: 615,
  ICC_NOT_PRESENT: 616,
  NO_SUCH_DEVICE: 617,
  INSUFFICIENT_BUFFER: 618,
  POWER_UP: 500,
  POWER_DOWN: 501,
  RESET: 502,
} as const;

/** Compiles the handler and what calls it into one program, with sanitizers. */
export async function compileIfdHost(output: string, sanitizers: string): Promise<void> {
  const handler = readdirSync(join(ROOT, 'native/ifd')).filter((name) => name.endsWith('.cc'));
  await promisify(execFile)('g++', [
    ...['-std=c++17', '-Wall', '-Wextra', '-Werror', '-g', '-O1', `-I${join(ROOT, 'native')}`],
    ...[`-fsanitize=${sanitizers}`, '-fno-sanitize-recover=all'],
    ...handler.map((name) => join(ROOT, 'native/ifd', name)),
    ...[join(ROOT, 'test/native/ifd-host.cc'), '-o', output, '-ldl', '-pthread'],
  ]);
}

/** The handler in a process of its own, which calls it as pcscd does. */
export class IfdHost {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<string, (result: IfdResult) => void>();
  #last = 0;
  #errors = '';

  constructor(program: string) {
    this.#child = spawn(program);
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const [number = '', code, bytes = ''] = line.split(' ');
      this.#waiting.get(number)?.({ code: Number(code), bytes });
      this.#waiting.delete(number);
    });
    this.#child.stderr.on('data', (text) => {
      this.#errors += text;
    });
    onTestFinished(() => {
      this.#child.kill('SIGKILL');
    });
  }

  /** A call on the thread of that name; pcscd has one that watches and those of its programs. */
  async call(thread: string, call: string, lun: number, ...values: unknown[]): Promise<IfdResult> {
    const number = String(++this.#last);
    const result = new Promise<IfdResult>((resolve) => this.#waiting.set(number, resolve));
    this.#child.stdin.write(`${[thread, number, call, lun, ...values].join(' ')}\n`);
    return result;
  }

  /** Ends it in order; gives what the sanitizers had to say. */
  async end(): Promise<{ exitCode: number; errors: string }> {
    this.#child.stdin.end();
    const [exitCode] = (await once(this.#child, 'close')) as [number];
    return { exitCode, errors: this.#errors };
  }
}
