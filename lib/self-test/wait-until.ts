import { setTimeout as delay } from 'node:timers/promises';

const PAUSE_MS = 100;

/**
 * Waits until something holds; Windows' device manager lags behind what was done.
 *
 * @returns whether it held before the time was over or the signal fired
 */
export async function waitUntil(
  holds: () => Promise<boolean> | boolean,
  limitMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const end = performance.now() + limitMs;
  while (!(await holds())) {
    if (signal.aborted || performance.now() >= end) return false;
    await delay(PAUSE_MS);
  }
  return true;
}
