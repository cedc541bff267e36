import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const START_ATTEMPTS = 500;

/** A swtpm of a test's own, with its state in a directory of its own. */
export class Swtpm {
  /** As the `tpm` option takes it. */
  readonly address: string;
  readonly directory: string;
  /** As tpm2-tools take it with -T. */
  readonly tcti: string;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, directory: string, address: string, tcti: string) {
    this.#process = process;
    this.directory = directory;
    this.address = address;
    this.tcti = tcti;
  }

  /**
   * Starts one, not yet started up by TPM2_Startup.
   *
   * @param options - `server`: which kind of socket (default unix); `directory`: the state of an
   *   earlier one, which then belongs to this one
   */
  static async start(
    options: { server?: 'unix' | 'tcp'; directory?: string } = {},
  ): Promise<Swtpm> {
    const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'swtpm-')));
    const socket = join(directory, 'server.sock');
    const port = options.server === 'tcp' ? await freePort() : undefined;
    const server =
      port === undefined
        ? `type=unixio,path=${socket}`
        : `type=tcp,port=${port},bindaddr=127.0.0.1`;
    const child = spawn(
      'swtpm',
      [
        ...['socket', '--tpm2', '--tpmstate', `dir=${directory},mode=0600`, '--server', server],
        ...['--ctrl', `type=unixio,path=${join(directory, 'control.sock')}`],
        ...['--flags', 'not-need-init'],
      ],
      { stdio: 'ignore' },
    );
    await listening(child, port === undefined ? { path: socket } : { host: '127.0.0.1', port });
    return port === undefined
      ? new Swtpm(child, directory, `swtpm:unix:${socket}`, `cmd:socat - UNIX-CONNECT:${socket}`)
      : new Swtpm(
          child,
          directory,
          `swtpm:tcp:127.0.0.1:${port}`,
          `cmd:socat - TCP:127.0.0.1:${port}`,
        );
  }

  /** Runs one of tpm2-tools on it; nobody else may be connected. Resolves to its standard output. */
  async tool(name: string, ...args: string[]): Promise<string> {
    const { stdout } = await run(name, [...args, '-T', this.tcti], { cwd: this.directory });
    return stdout;
  }

  /** A file that a tool wrote. */
  file(name: string): Promise<Buffer> {
    return readFile(join(this.directory, name));
  }

  /** Ends the process and keeps the state. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, 'exit');
    this.#process.kill(signal);
    await exit;
  }

  /** Ends the process and removes the state. */
  async remove(): Promise<void> {
    await this.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Waits until the child accepts connections; a probing connection is all that swtpm sees of it. */
async function listening(
  child: ChildProcess,
  target: { path: string } | { host: string; port: number },
): Promise<void> {
  for (let attempt = 0; attempt < START_ATTEMPTS; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`swtpm ended with code ${child.exitCode}`);
    if (await accepts(target)) return;
    await delay(10);
  }
  child.kill();
  throw new Error('swtpm does not listen');
}

async function accepts(
  target: { path: string } | { host: string; port: number },
): Promise<boolean> {
  const socket = connect(target);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
