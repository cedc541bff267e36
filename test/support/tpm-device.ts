import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Swtpm } from './swtpm.js';

const SCRIPT = fileURLToPath(new URL('tpm-device.py', import.meta.url));

/**
 * A stand-in for /dev/tpmrm0 in front of a swtpm of its own: one write takes a command, one read
 * gives its response, and what passes is recorded. It is a pseudo-terminal, so it is a character
 * device; unlike the kernel's resource manager it has three slots for objects and sessions.
 */
export class TpmDevice {
  /** As `openDevice` takes it. */
  readonly path: string;
  /** As the `tpm` option takes it. */
  readonly address: string;
  readonly #swtpm: Swtpm;
  readonly #process: ChildProcess;
  readonly #recording: string;

  private constructor(path: string, swtpm: Swtpm, process: ChildProcess, recording: string) {
    this.path = path;
    this.address = `device:${path}`;
    this.#swtpm = swtpm;
    this.#process = process;
    this.#recording = recording;
  }

  static async start(): Promise<TpmDevice> {
    const swtpm = await Swtpm.start();
    const recording = join(swtpm.directory, 'recording');
    const socket = swtpm.address.replace('swtpm:unix:', '');
    const child = spawn('python3', [SCRIPT, socket, recording], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const output = createInterface(child.stdout);
    // It ends without a line where it cannot start: without a pseudo-terminal, without python3.
    const [path] = await Promise.race([once(output, 'line'), once(output, 'close')]);
    if (typeof path === 'string') return new TpmDevice(path, swtpm, child, recording);
    await swtpm.remove();
    throw new Error('the stand-in for a TPM device did not start; what it said is above');
  }

  /** All bytes of commands and responses so far. */
  recording(): Promise<Buffer> {
    return readFile(this.#recording);
  }

  async remove(): Promise<void> {
    if (this.#process.exitCode === null) {
      const exit = once(this.#process, 'exit');
      this.#process.stdin?.end();
      await exit;
    }
    await this.#swtpm.remove();
  }
}
