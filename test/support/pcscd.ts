import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { VirtualSmartCardError } from '../../lib/errors.js';
import { loadNative } from '../../lib/native.js';
import { installReader, type ReaderPlaces } from '../../lib/pcsc/reader-installation.js';
import { until } from './pcsc.js';
import { requireRoot } from './root.js';

/** Where every pcscd listens; there is one on a machine. */
const PCSCD_SOCKET = '/run/pcscd/pcscd.comm';

/** Taken by whoever runs a pcscd: test files run in parallel. */
const LOCK = join(tmpdir(), 'virtual-smartcard-test-pcscd.lock');

/**
 * Debian's pcscd in the foreground with a configuration of its own, which has our reader; stopped
 * when the test ends. It needs root, and that no other pcscd runs.
 */
export class Pcscd {
  /** Where the reader is installed. */
  readonly places: ReaderPlaces;
  #process: ChildProcess | undefined;
  #log = '';

  private constructor(places: ReaderPlaces) {
    this.places = places;
  }

  /** @param options - `uid`: whose cards it takes; `configuration`: another reader than ours */
  static async start(
    options: { uid?: number; configuration?: (folder: string) => string } = {},
  ): Promise<Pcscd> {
    requireRoot();
    await lockUntilTestEnds();
    const folder = await mkdtemp(join(tmpdir(), 'vsc-pcscd-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const { uid = 0, configuration } = options;
    // As the folders of an installation, of which only that of the sockets is closed to others.
    await chmod(folder, 0o755);
    const places = {
      configDirectory: join(folder, 'reader.conf.d'),
      libraryDirectory: join(folder, 'lib'),
      directory: join(folder, 'readers'),
    };
    if (configuration) {
      await mkdir(places.configDirectory);
      await writeFile(join(places.configDirectory, 'reader'), configuration(folder));
    } else {
      await installReader(places, { uid, gid: uid });
    }
    const pcscd = new Pcscd(places);
    onTestFinished(() => pcscd.stop());
    await pcscd.run();
    return pcscd;
  }

  /** What it has logged. */
  get log(): string {
    return this.#log;
  }

  get pid(): number {
    return this.#process?.pid ?? -1;
  }

  /** Starts it, and waits until programs can reach it. */
  async run(): Promise<void> {
    if (await answers()) throw new Error('A pcscd runs on this machine. Stop it for this test.');
    const child = spawn('pcscd', ['-f', '-i', '-c', this.places.configDirectory]);
    this.#process = child;
    const keep = (text: Buffer) => {
      this.#log += text;
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`pcscd ended:\n${this.#log}`);
      return answers();
    });
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }
}

async function lockUntilTestEnds(): Promise<void> {
  await until(() => {
    try {
      const lock = loadNative().lockFile(LOCK);
      onTestFinished(() => lock.release());
      return true;
    } catch (error) {
      if (!isHeld(error)) throw error;
      return false;
    }
  });
}

function isHeld(error: unknown): boolean {
  if (VirtualSmartCardError.is(error)) return false;
  return error instanceof Error && 'code' in error && error.code === 'LOCK_HELD';
}

/** Whether a pcscd answers on this machine. */
async function answers(): Promise<boolean> {
  const socket = connect(PCSCD_SOCKET);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    // Nobody listens, or nobody ever did.
    return false;
  } finally {
    socket.destroy();
  }
}
