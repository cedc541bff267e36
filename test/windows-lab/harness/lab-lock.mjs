import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ExpectedError } from '../../../scripts/support/run.mjs';

const PATIENCE_MS = 10 * 60_000;
const INTERVAL_MS = 200;

/** A lab is one machine with one registry: two runs on it at a time would be in each other's way. */
export class LabLock {
  #file;

  /** For what takes a while and then is free again. */
  static async whenFree(directory) {
    for (const end = Date.now() + PATIENCE_MS; ; await delay(INTERVAL_MS)) {
      try {
        return new LabLock(directory);
      } catch (error) {
        if (!error.expected || Date.now() > end) throw error;
      }
    }
  }

  /** @throws ExpectedError while another process that lives has it */
  constructor(directory) {
    mkdirSync(directory, { recursive: true });
    this.#file = join(directory, 'lock');
    if (this.#take()) return;
    const holder = Number(readFileSync(this.#file, 'utf8'));
    if (isAlive(holder)) {
      throw new ExpectedError(
        `Process ${holder} uses the Windows lab in ${directory}. Wait for it, or set VSC_WINDOWS_LAB` +
          ' to another name for a lab of your own.',
      );
    }
    rmSync(this.#file);
    if (!this.#take()) throw new ExpectedError(`Another process took the lab in ${directory}`);
  }

  release() {
    rmSync(this.#file, { force: true });
  }

  #take() {
    try {
      writeFileSync(this.#file, String(process.pid), { flag: 'wx' });
      return true;
    } catch (error) {
      if (error.code === 'EEXIST') return false;
      throw error;
    }
  }
}

function isAlive(pid) {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}
