import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { SOURCES } from './paths.mjs';

/** The process outside Wine that holds the lab's TPM and cards. */
export class ForwarderProcess {
  port;
  #child;

  static async start() {
    const child = spawn(process.execPath, [join(SOURCES, 'forwarder.mjs')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines = createInterface(child.stdout);
    const died = once(child, 'exit').then(([code]) => {
      throw new Error(`The forwarder ended with ${code} before it listened`);
    });
    const [line] = await Promise.race([once(lines, 'line'), died]);
    died.catch(() => undefined);
    return new ForwarderProcess(child, JSON.parse(line));
  }

  constructor(child, port) {
    this.#child = child;
    this.port = port;
  }

  /** Resolves when it has put away its TPM's state. */
  async end() {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.stdin.end();
    await ended;
  }
}
