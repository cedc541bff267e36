import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** `virtual-smartcard serve` as a process of its own, ended with the test. */
export class ServeProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves when it serves. */
  static async start(
    stateDirectory: string,
    tpm = 'libtpms',
    options: string[] = [],
  ): Promise<ServeProcess> {
    const words = ['serve', '--state-directory', stateDirectory, '--tpm', tpm, ...options];
    const child = spawn(process.execPath, [PROGRAM, ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const served = new ServeProcess(child);
    onTestFinished(() => served.kill());
    let complaint = '';
    child.stderr?.on('data', (text) => {
      complaint += text;
    });
    if (!child.stdout) throw new Error('it has no standard output');
    const first = once(createInterface(child.stdout), 'line');
    const ended = once(child, 'close').then(() => {
      throw new Error(`serve ended at its start: ${complaint}`);
    });
    ended.catch(() => undefined);
    await Promise.race([first, ended]);
    return served;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Ends it in order; resolves to its exit code. */
  stop(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Stops it where it is, and lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal);
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return exitCode;
    const exit = once(this.#child, 'exit');
    this.#child.kill(signal);
    const [code] = (await exit) as [number | null];
    return code;
  }
}
