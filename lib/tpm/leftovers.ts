import { readHandles } from './capability.js';
import type { CommandRunner } from './command-runner.js';

/**
 * A program that was killed leaves its objects and sessions in a swtpm, which has three slots of
 * each; and what a garbled answer should have named is in a slot that nobody knows of. swtpm talks to
 * one program at a time and libtpms is this process's own, so there, what is not ours is such a
 * remainder. A device we share, and its resource manager clears up by itself.
 *
 * @param first - TRANSIENT_FIRST or HMAC_SESSION_FIRST (which lists all loaded sessions)
 * @returns false when there was nothing to flush
 */
export async function flushLeftovers(runner: CommandRunner, first: number): Promise<boolean> {
  if (runner.transport.kind === 'device') return false;
  const handles = await readHandles(runner, first);
  const leftovers = handles.filter((handle) => !runner.ownHandles.has(handle));
  for (const handle of leftovers) await runner.flushForeign(handle);
  return leftovers.length > 0;
}
