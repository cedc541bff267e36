import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';

const PROGRAM = fileURLToPath(new URL('serve-worker.mjs', import.meta.url));

/** What a worker did. */
export type Done = Record<'created' | 'signed' | 'destroyed' | 'gone', number>;

/**
 * Runs a process that creates, signs with and destroys cards of that name on a served store for so
 * long; resolves when it has ended without an error.
 */
export async function serveWorker(
  directory: string,
  milliseconds: number,
  name: string,
): Promise<Done> {
  const child = spawn(process.execPath, [PROGRAM, directory, String(milliseconds), name], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      said += text;
    });
  }
  const [code] = await once(child, 'close');
  expect(code, said).toBe(0);
  return JSON.parse(said) as Done;
}
