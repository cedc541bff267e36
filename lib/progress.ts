import { checkCallback, checkSignal } from './arguments.js';
import type { LongCallOptions } from './backend/backend.js';
import type { CreationStatus } from './creation-status.js';

/** Names of the options of a long call. */
export const LONG_CALL_OPTIONS = ['onProgress', 'signal'] as const;

/**
 * Runs a long call whose `onProgress` may throw: that stops the call as an abort does, and the
 * caller gets their own error back.
 *
 * @param undo - takes the result back and throws, when `onProgress` threw too late to stop the call
 */
export async function watched<T>(
  { onProgress, signal }: LongCallOptions,
  run: (options: LongCallOptions) => Promise<T>,
  undo?: (result: T, reason: unknown) => Promise<never>,
): Promise<T> {
  checkCallback(onProgress, 'onProgress');
  checkSignal(signal);
  if (!onProgress) return run({ signal });

  const stop = new AbortController();
  const report = (status: CreationStatus) => {
    if (stop.signal.aborted) return;
    try {
      onProgress(status);
    } catch (error) {
      stop.abort(error);
    }
  };
  const joined = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  let result: T;
  try {
    result = await run({ onProgress: report, signal: joined });
  } catch (error) {
    throw stop.signal.aborted ? stop.signal.reason : error;
  }
  if (!stop.signal.aborted) return result;
  if (undo) return undo(result, stop.signal.reason);
  throw stop.signal.reason;
}
