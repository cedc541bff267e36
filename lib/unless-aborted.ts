import { aborted } from './arguments.js';

/**
 * What comes of it, unless the signal fires before: then nobody waits for it any more.
 *
 * @throws VirtualSmartCardError `ERR_ABORTED`
 */
export async function unlessAborted<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (!signal) return work;
  let abort: (() => void) | undefined;
  const stopped = new Promise<never>((_, reject) => {
    abort = () => reject(aborted(signal.reason));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    if (abort) signal.removeEventListener('abort', abort);
  }
}
