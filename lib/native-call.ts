import { VirtualSmartCardError } from './errors.js';

/**
 * A call into the system that runs on a thread of its own. It keeps the process alive while `result` is
 * pending, and no longer.
 *
 * `result` is rejected with an Error whose `code` is `HRESULT` (then it has an unsigned number
 * `hresult`, and from the virtual smart card manager perhaps `reportedError`, a TPMVSCMGR_ERROR),
 * `ABANDONED` or `NATIVE_FAILURE`. Wrong arguments are thrown at once, with the code `INVALID_ARGUMENT`.
 */
export interface NativeCall<T> {
  readonly result: Promise<T>;
  /** Asks the call to stop. It ends by itself, mostly soon. */
  cancel(): void;
  /**
   * Rejects `result` with `ABANDONED` at once, unless it is there already. The thread waits for the
   * system without anybody waiting for it; a card that it still makes is destroyed again.
   */
  abandon(): void;
}

/**
 * What a running call tells. `status`: a TPMVSCMGR_STATUS. `changed`: readers or cards came or went.
 * `lateCardDestroyed`, `lateCardLeft`: an abandoned call has made a card, which was destroyed again or
 * could not be; the value is its instance id.
 */
export type NativeEventListener = (name: string, value: number | string) => void;

/** What calls go to. */
export interface NativeSystem<Purpose> {
  /** As in "Windows has not come back". */
  name: string;
  /** What it answered as an error of the library. */
  toError(error: unknown, purpose?: Purpose): unknown;
}

/** How a call is waited for. */
export interface CallLimits<Purpose = never> {
  signal?: AbortSignal | undefined;
  /** Longest time for the whole call. */
  timeoutMs: number;
  /** How long an aborted call may take to come back. */
  graceMs: number;
  /** What is being done, as in "Creating the card". */
  what: string;
  /** A sentence on what becomes of it if the system has not come back. */
  afterwards?: string;
  /** Where it decides what a code of the system means. */
  purpose?: Purpose | undefined;
}

/** Errors of calls that the system had not returned from. */
const unreturned = new WeakSet<object>();

/** Whether the system may still be at work for the call that failed so. */
export function isUnreturned(error: unknown): boolean {
  return typeof error === 'object' && error !== null && unreturned.has(error);
}

/**
 * Waits for a call into the system. An abort asks it to stop; when it has not come back after the grace,
 * or when the time is up, it is left to itself.
 *
 * @throws VirtualSmartCardError `ERR_ABORTED` however an aborted call fails, `ERR_TIMEOUT`, and as
 * `system` makes it
 */
export async function awaitNativeCall<T, Purpose>(
  system: NativeSystem<Purpose>,
  start: () => NativeCall<T>,
  limits: CallLimits<Purpose>,
): Promise<T> {
  const { signal, timeoutMs, graceMs, what, afterwards } = limits;
  const notBack = [`${system.name} has not come back.`, ...(afterwards ? [afterwards] : [])].join(
    ' ',
  );
  if (signal?.aborted) throw aborted(`${what} was aborted before it began.`, signal.reason);
  const call = startCall(system, start);
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
    if (!signal?.aborted && !abandoned) throw system.toError(error, limits.purpose);
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

function startCall<T>(system: NativeSystem<never>, start: () => NativeCall<T>): NativeCall<T> {
  try {
    return start();
  } catch (error) {
    throw system.toError(error);
  }
}

function isAbandoned(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ABANDONED';
}

/** An `ERR_ABORTED` whose cause is the signal's reason. */
export function aborted(problem: string, reason: unknown): VirtualSmartCardError {
  return new VirtualSmartCardError('ERR_ABORTED', problem, { cause: reason });
}
