import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const SCRIPT = fileURLToPath(new URL('pcsc.py', import.meta.url));

/** A PC/SC program in a process of its own, on libpcsclite itself. Its errors name the function. */
export class PcscProgram {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;

  constructor() {
    this.#child = spawn('python3', [SCRIPT]);
    this.#child.stderr.pipe(process.stderr);
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    onTestFinished(() => this.kill());
  }

  async connect(reader: string): Promise<void> {
    await this.#call('connect', reader);
  }

  /** Connects as soon as the reader holds a card. */
  async connectWhenThere(reader: string): Promise<void> {
    await until(() =>
      this.connect(reader).then(
        () => true,
        () => false,
      ),
    );
  }

  async reconnect(how: 'leave' | 'reset' | 'unpower'): Promise<void> {
    await this.#call('reconnect', how);
  }

  async disconnect(how: 'leave' | 'reset' | 'unpower'): Promise<void> {
    await this.#call('disconnect', how);
  }

  async begin(): Promise<void> {
    await this.#call('begin');
  }

  async end(): Promise<void> {
    await this.#call('end');
  }

  /** Hexadecimal in and out, spaces allowed in. */
  async transmit(apdu: string): Promise<string> {
    return (await this.#call('transmit', apdu)) as string;
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
  }

  async #call(call: string, ...values: unknown[]): Promise<unknown> {
    this.#child.stdin.write(`${JSON.stringify({ call, arguments: values })}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error('the PC/SC program ended');
    const answer = JSON.parse(value) as { result?: unknown; error?: string };
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.result;
  }
}

/** Waits until something is so; what never is fails by the test's own time limit. */
export async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
}
