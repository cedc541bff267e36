import { VirtualSmartCardError } from '../../errors.js';
import type { NativeCall } from '../../native-windows.js';
import type { Purpose } from './hresults.js';
import { windowsError } from './windows-error.js';

/** How a call is waited for. */
export interface CallLimits {
  signal?: AbortSignal | undefined;
  /** Longest time for the whole call. */
  timeoutMs: number;
  /** How long an aborted call may take to come back. */
  graceMs: number;
  /** What is being done, as in "Creating the card". */
  what: string;
  /** A sentence on what becomes of it if Windows has not come back. */
  afterwards?: string;
  /** Where it decides what a code of the system means. */
  purpose?: Purpose | undefined;
}

const NOT_BACK = 'Windows has not come back.';

/** Errors of calls that Windows had not returned from. */
const unreturned = new WeakSet<object>();

/** Whether Windows may still be at work for the call that failed so. */
export function isUnreturned(error: unknown): boolean {
  return typeof error === 'object' && error !== null && unreturned.has(error);
}

/**
 * Waits for a call into Windows. An abort asks it to stop; when it has not come back after the grace,
 * or when the time is up, it is left to itself.
 *
 * @throws VirtualSmartCardError `ERR_ABORTED` however an aborted call fails, `ERR_TIMEOUT`, and as
 * `windowsError` makes it
 */
export async function awaitCall<T>(start: () => NativeCall<T>, limits: CallLimits): Promise<T> {
  const { signal, timeoutMs, graceMs, what, afterwards } = limits;
  const notBack = afterwards ? `${NOT_BACK} ${afterwards}` : NOT_BACK;
  if (signal?.aborted) throw aborted(`${what} was aborted before it began.`, signal.reason);
  const call = startCall(start);
  const limit = setTimeout(() => {
    call.cancel();
    call.abandon();
  }, timeoutMs);
  let grace: NodeJS.Timeout | undefined;
  const abort = () => {
    call.cancel();
    grace ??= setTimeout(() => call.abandon(), graceMs);
  };
  signal?.addEventListener('abort', abort, { once: true });
  try {
    return await call.result;
  } catch (error) {
    const abandoned = isAbandoned(error);
    if (!signal?.aborted && !abandoned) throw windowsError(error, limits.purpose);
    const failure = signal?.aborted
      ? aborted(
          abandoned ? `${what} was aborted. ${notBack}` : `${what} was aborted.`,
          signal.reason,
        )
      : new VirtualSmartCardError(
          'ERR_TIMEOUT',
          `${what} took longer than ${timeoutMs} ms. ${notBack}`,
          {
            cause: error,
          },
        );
    if (abandoned) unreturned.add(failure);
    throw failure;
  } finally {
    clearTimeout(limit);
    clearTimeout(grace);
    signal?.removeEventListener('abort', abort);
  }
}

function startCall<T>(start: () => NativeCall<T>): NativeCall<T> {
  try {
    return start();
  } catch (error) {
    throw windowsError(error);
  }
}

function isAbandoned(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ABANDONED';
}

/** An `ERR_ABORTED` whose cause is the signal's reason. */
export function aborted(problem: string, reason: unknown): VirtualSmartCardError {
  return new VirtualSmartCardError('ERR_ABORTED', problem, { cause: reason });
}
