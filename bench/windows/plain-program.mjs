import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** The C++ program, which takes commands as long as it is open: its start is not measured. */
export class PlainProgram {
  #child;
  #lines;
  /** Rejected when it ends before it was told to. */
  #died;

  constructor(path) {
    this.#child = spawn(path, [], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface(this.#child.stdout);
    this.#died = once(this.#child, 'exit').then(([code]) => {
      throw new Error(`the plain program ended with ${code}`);
    });
    this.#died.catch(() => undefined);
  }

  /**
   * Has it carry out a command of program/main.cc.
   *
   * @returns the milliseconds that its calls to Windows took, by its own clock, and what they brought
   */
  async run(...words) {
    const answered = once(this.#lines, 'line');
    this.#child.stdin.write(`${words.join('\t')}\n`);
    const [line] = await Promise.race([answered, this.#died]);
    const [microseconds, value] = line.split('\t');
    return { elapsed: Number(microseconds) / 1000, value };
  }

  async close() {
    const ended = once(this.#child, 'exit');
    this.#child.stdin.end();
    await ended;
  }
}
