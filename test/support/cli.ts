import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { randomPin, temporaryDirectory } from './store.js';

/** The built program, as `npm install` links it. */
export const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** How a program ended, and what it wrote. */
export interface ProgramRun {
  stdout: string;
  stderr: string;
  exitCode: number;
}

/** What a program is run with. */
export interface ProgramOptions {
  /** Its standard input; default none. */
  input?: string;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Milliseconds after which it is ended; default 50,000. */
  timeout?: number;
  /** Called when the program runs, for example to end it. */
  started?: (child: ChildProcess) => void;
}

/** Runs a program to its end. */
export async function runProgram(
  command: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramRun> {
  const { input = '', env = process.env, cwd = process.cwd(), timeout = 50_000, started } = options;
  const [program = '', ...words] = command;
  const child = spawn(program, words, { env, cwd, timeout });
  // A program that ends without reading its input closes the pipe under us.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  started?.(child);
  const ended = new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? -1));
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    ended,
  ]);
  return { stdout, stderr, exitCode };
}

/** The command line on a store of its own, in a folder that is removed when the test ends. */
export class CommandLine {
  /** Where the test keeps its files; the store is `store` in it. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** The PIN of the cards that `create` makes. */
  readonly pin = randomPin().toString();

  private constructor(folder: string) {
    this.folder = folder;
    this.env = { ...process.env, VIRTUAL_SMARTCARD_HOME: join(folder, 'store') };
    delete this.env['VIRTUAL_SMARTCARD_DEBUG'];
    delete this.env['NODE_OPTIONS'];
  }

  static async start(): Promise<CommandLine> {
    const cli = new CommandLine(await temporaryDirectory());
    // A store keeps the TPM that it was made on: a machine's own is left alone.
    await cli.json(['list', '--tpm', 'libtpms']);
    return cli;
  }

  /** Path of a file of the test. */
  path(name: string): string {
    return join(this.folder, name);
  }

  /** Creates a card with these further words. */
  create(...words: string[]): Promise<Record<string, unknown>> {
    const line = ['create', '--name', 'Card', '--generate', '--pin-stdin', ...words];
    return this.json(line, `${this.pin}\n`);
  }

  /** Runs `virtual-smartcard` with these words. */
  run(words: readonly string[], options: ProgramOptions = {}): Promise<ProgramRun> {
    return runProgram([process.execPath, PROGRAM, ...words], { env: this.env, ...options });
  }

  /** Runs it with --json, requires that it worked, and returns its one document. */
  async json(words: readonly string[], input = ''): Promise<Record<string, unknown>> {
    const { stdout, stderr, exitCode } = await this.run([...words, '--json'], { input });
    if (exitCode !== 0) throw new Error(`${words.join(' ')} ended with ${exitCode}:\n${stderr}`);
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  /** Runs it with --json, and returns the error's one document and the exit code. */
  async failure(
    words: readonly string[],
    input = '',
  ): Promise<Record<string, unknown> & { exitCode: number }> {
    const { stdout, stderr, exitCode } = await this.run([...words, '--json'], { input });
    if (stdout !== '') throw new Error(`${words.join(' ')} wrote a result:\n${stdout}`);
    return { ...(JSON.parse(stderr) as Record<string, unknown>), exitCode };
  }
}
