import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** What the child is to do; see the operations in crash-worker.mjs. Secrets in hexadecimal. */
export interface CrashJob {
  stateDirectory: string;
  /** The TPM, as the `tpm` option takes it. */
  tpm: string;
  operation:
    | 'open'
    | 'create'
    | 'enroll'
    | 'createRequest'
    | 'changePin'
    | 'deleteKey'
    | 'destroy'
    | 'unblockByAdminKey'
    | 'unblockByPuk'
    | 'verifyPin'
    | 'nothing';
  instanceId?: string;
  name?: string;
  pin?: string;
  newPin?: string;
  puk?: string;
  adminKey?: string;
  container?: string;
  inf?: string;
  /** Bytes that no file may grow beyond during the operation. */
  fileSizeLimit?: number;
  /** Close the manager after the operation, and report it. */
  closes?: boolean;
}

/** What the child said. `failed`: it did not even come to its operation. */
export type ChildEvent =
  | { event: 'begin'; pid: number }
  | { event: 'card'; instanceId: string }
  | { event: 'key'; container: string; publicKey: string }
  | { event: 'done'; milliseconds: number }
  | { event: 'closed' }
  | ({ event: 'rejected'; milliseconds: number } & ChildFailure)
  | ({ event: 'failed' } & ChildFailure);

export interface ChildFailure {
  code?: string;
  triesLeft?: number;
  holderPid?: number;
  message: string;
  stack?: string;
}

/** How a child ended. */
export interface ChildReport {
  events: ChildEvent[];
  /** True when it ended by SIGKILL. */
  killed: boolean;
  standardError: string;
}

const WORKER = fileURLToPath(new URL('crash-worker.mjs', import.meta.url));
const BUILD = fileURLToPath(new URL('../../dist/index.js', import.meta.url));

/** A process that performs one operation on a store, to be killed. */
export class CrashChild {
  readonly events: ChildEvent[] = [];
  /** Settles when the process and everything that watched it have ended. */
  readonly ended: Promise<ChildReport>;
  /** Of the process itself, also where another program runs it. */
  #pid: number | undefined;
  readonly #standardInput: Writable;
  readonly #report: string[] = [];
  #waiting: (() => void)[] = [];
  #isOver = false;

  /** @param runner - a command that runs the child, such as strace with its options */
  constructor(job: CrashJob, runner: readonly string[] = []) {
    if (!existsSync(BUILD)) {
      throw new Error('There is no dist/: run `npm run build` (as `npm test` does) first.');
    }
    const [program = process.execPath, ...prefix] = [...runner, process.execPath, WORKER];
    // A single thread for file operations makes the order of the system calls the same every time.
    const env = { ...process.env, UV_THREADPOOL_SIZE: '1' };
    const child = spawn(program, prefix, { env, stdio: 'pipe' });
    if (runner.length === 0) this.#pid = child.pid;
    this.#standardInput = child.stdin;
    // Standard input stays open: its end tells the child that its parent is gone.
    child.stdin.on('error', (error) => this.#report.push(`standard input: ${error.message}`));
    child.stdin.write(`${JSON.stringify(job)}\n`);
    createInterface({ input: child.stdout }).on('line', (line) => this.#hear(line));
    child.stderr.setEncoding('utf8').on('data', (text: string) => this.#report.push(text));
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (_code, signal) => {
        this.#isOver = true;
        this.#wake();
        const killed = signal === 'SIGKILL';
        resolve({ events: this.events, killed, standardError: this.#report.join('') });
      });
    });
  }

  /** Waits for one of the events; undefined when the child ended without any. */
  async next(...names: ChildEvent['event'][]): Promise<ChildEvent | undefined> {
    for (;;) {
      const found = this.events.find(({ event }) => names.includes(event));
      if (found || this.#isOver) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Kills it, wherever it is, and waits for its end. */
  async kill(): Promise<ChildReport> {
    if (this.#isOver) return this.ended;
    if (this.#pid !== undefined) process.kill(this.#pid, 'SIGKILL');
    // It came to nothing, and waits for its parent's end.
    else this.#standardInput.end();
    return this.ended;
  }

  #hear(line: string): void {
    const event = JSON.parse(line) as ChildEvent;
    if (event.event === 'begin') this.#pid = event.pid;
    this.events.push(event);
    this.#wake();
  }

  #wake(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }
}

/** Lets a child perform its operation and kills it once it has: how long did that take? */
export async function runOperation(
  job: CrashJob,
  runner: readonly string[] = [],
): Promise<{ milliseconds: number; report: ChildReport }> {
  const child = new CrashChild(job, runner);
  const end = await child.next('done', 'rejected', 'failed');
  const report = await child.kill();
  if (!end || !('milliseconds' in end)) throw new Error(describe(report));
  return { milliseconds: end.milliseconds, report };
}

/** Kills a child that many milliseconds after its operation began. */
export async function killAfter(job: CrashJob, milliseconds: number): Promise<ChildReport> {
  const child = new CrashChild(job);
  await child.next('begin', 'failed');
  const due = performance.now() + milliseconds;
  await sleep(Math.floor(milliseconds));
  // A timer knows whole milliseconds only, in which a good deal happens.
  while (performance.now() < due);
  return child.kill();
}

/** What a child said and wrote, for a failing test's message. */
export function describe({ events, standardError }: ChildReport): string {
  return [...events.map((event) => JSON.stringify(event)), standardError].join('\n');
}
