import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Time enough to listen. A program that came before that would start a server of its own. */
const START_MS = 500;

/**
 * The server of a Wine prefix. It stays in the foreground, so that its end is seen at once, with what
 * it said: programs inside that lose their server hang or end without a word.
 */
export class WineServer {
  /** Whether its end is a failure. */
  isWanted = true;
  /** Resolves when programs may come. */
  started = delay(START_MS);
  #ended = new AbortController();

  /**
   * @param {string[]} command
   * @param {NodeJS.ProcessEnv} env
   * @param {string} outputFile - takes what it says, as a rule nothing
   */
  constructor([program, ...before], env, outputFile) {
    const output = openSync(outputFile, 'w');
    const child = spawn(program, [...before, '--foreground', '--persistent'], {
      env,
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    this.#watch(child, outputFile);
  }

  /** Aborted when it ends although it is wanted. */
  get ended() {
    return this.#ended.signal;
  }

  async #watch(child, outputFile) {
    const how = await once(child, 'exit').then(
      ([code, signal]) => `ended with ${signal ?? code}: ${readFileSync(outputFile, 'utf8')}`,
      (error) => `did not start: ${error.message}`,
    );
    if (this.isWanted) this.#ended.abort(new Error(`Wine's server ${how}`));
  }
}
