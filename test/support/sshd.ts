import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type ProgramRun, runProgram } from './cli.js';
import { until } from './pcsc.js';
import { temporaryDirectory } from './store.js';

const PROGRAM = '/usr/sbin/sshd';
/** An empty directory that sshd wants when it runs as root. */
const EMPTY = '/run/sshd';

/**
 * Debian's sshd in the foreground, on a port of the loopback, with keys and a configuration of its
 * own; stopped when the test ends. Who has a key of `authorize` gets in as the test's user.
 */
export class Sshd {
  readonly port: number;
  readonly #folder: string;
  readonly #authorizedKeys: string;
  #log = '';

  private constructor(folder: string, port: number, authorizedKeys: string) {
    this.#folder = folder;
    this.port = port;
    this.#authorizedKeys = authorizedKeys;
  }

  /** @param options - `authorizedKeys`: path of the file that says who gets in, in place of `authorize` */
  static async start(options: { authorizedKeys?: string } = {}): Promise<Sshd> {
    const folder = await temporaryDirectory();
    const { authorizedKeys = join(folder, 'authorized_keys') } = options;
    const sshd = new Sshd(folder, await freePort(), authorizedKeys);
    await sshd.#run();
    return sshd;
  }

  /** What it has logged. */
  get log(): string {
    return this.#log;
  }

  /** Path of a file of its own. */
  path(name: string): string {
    return join(this.#folder, name);
  }

  /** @param lines - of an authorized_keys file, which has nothing else then */
  async authorize(...lines: string[]): Promise<void> {
    await writeFile(this.#authorizedKeys, `${lines.join('\n')}\n`);
  }

  /** Its public key in ssh's own binary form. */
  async hostKey(): Promise<Buffer> {
    const [, base64 = ''] = (await readFile(this.path('host_key.pub'), 'utf8')).split(' ');
    return Buffer.from(base64, 'base64');
  }

  /** Options by which ssh reaches it under any name, with nothing from the user's own files. */
  get options(): string[] {
    return [
      ...['-F', 'none', '-p', String(this.port), '-l', userInfo().username],
      ...['-o', 'HostName=127.0.0.1', '-o', 'HostKeyAlias=test-host'],
      ...['-o', `UserKnownHostsFile=${this.path('known_hosts')}`],
      ...['-o', 'GlobalKnownHostsFile=none', '-o', 'StrictHostKeyChecking=yes'],
      ...['-o', 'PreferredAuthentications=publickey', '-o', 'IdentityFile=none'],
    ];
  }

  /** Logs in by the agent at that socket. */
  login(socketPath: string, ...options: string[]): Promise<ProgramRun> {
    const env = { ...process.env, SSH_AUTH_SOCK: socketPath };
    const words = ['ssh', ...this.options, ...options, 'test-host', 'echo logged in'];
    return runProgram(words, { env });
  }

  async #run(): Promise<void> {
    if (process.getuid?.() === 0 && !existsSync(EMPTY)) await mkdir(EMPTY, { mode: 0o755 });
    const hostKey = this.path('host_key');
    await succeed('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', hostKey);
    const publicKey = (await succeed('ssh-keygen', '-y', '-f', hostKey)).stdout;
    await writeFile(this.path('known_hosts'), `test-host ${publicKey}`);
    const configuration = [
      `Port ${this.port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${hostKey}`,
      `AuthorizedKeysFile ${this.#authorizedKeys}`,
      'StrictModes no',
      'UsePAM no',
      'PidFile none',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin prohibit-password',
      'LogLevel VERBOSE',
    ];
    const file = this.path('sshd_config');
    await writeFile(file, `${configuration.join('\n')}\n`);
    const child = spawn(PROGRAM, ['-D', '-e', '-f', file]);
    onTestFinished(() => stop(child));
    child.stderr.on('data', (text: Buffer) => {
      this.#log += text;
    });
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`sshd ended:\n${this.#log}`);
      return answers(this.port);
    });
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill();
  await once(child, 'exit');
}

async function succeed(...command: string[]): Promise<ProgramRun> {
  const run = await runProgram(command);
  if (run.exitCode !== 0) throw new Error(`${command.join(' ')}:\n${run.stdout}${run.stderr}`);
  return run;
}

/** A port that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Whether somebody listens on that port of the loopback. */
export async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false; // Nobody, yet.
  } finally {
    socket.destroy();
  }
}
