import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const WINDOW = 16 * 1024 * 1024;

/** Path of a core of the process, as gdb's gcore writes it: its memory and its threads' registers. */
export async function takeCore(pid: number, directory: string): Promise<string> {
  const prefix = join(directory, 'core');
  await run('gcore', ['-o', prefix, String(pid)], { maxBuffer: WINDOW });
  return `${prefix}.${pid}`;
}

/** How often the value occurs in a file that need not fit into memory. */
export async function occurrences(path: string, value: Uint8Array): Promise<number> {
  const file = await open(path);
  try {
    const window = Buffer.alloc(WINDOW);
    let count = 0;
    let kept = 0;
    for (;;) {
      const { bytesRead } = await file.read(window, kept, window.length - kept);
      if (bytesRead === 0) return count;
      const filled = window.subarray(0, kept + bytesRead);
      for (let at = filled.indexOf(value); at >= 0; at = filled.indexOf(value, at + 1)) count += 1;
      kept = Math.min(value.length - 1, filled.length);
      window.copyWithin(0, filled.length - kept, filled.length);
    }
  } finally {
    await file.close();
  }
}
