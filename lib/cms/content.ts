import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { aborted } from '../arguments.js';
import { describeType, invalidArgument } from '../errors.js';

/** What is signed: bytes, a string taken as UTF-8, or a stream of such, as of `createReadStream`. */
export type CmsContent = string | Uint8Array | AsyncIterable<string | Uint8Array>;

/** What was read of a content. */
export interface ReadContent {
  digest: Buffer;
  /** The content itself, if it was to be kept. */
  bytes: Buffer | undefined;
}

/** Checks a content without reading it. */
export function checkContent(content: unknown): void {
  if (typeof content === 'string' || content instanceof Uint8Array) return;
  if (typeof content === 'object' && content !== null && Symbol.asyncIterator in content) return;
  throw invalidArgument('content', 'a string, a Uint8Array or a stream', describeType(content));
}

/**
 * Reads a content to its end. Of a stream no more than one chunk is in memory at a time, unless the
 * content is to be kept.
 *
 * @param hash - as node:crypto names it
 * @throws VirtualSmartCardError `ERR_ABORTED`, `ERR_INVALID_ARGUMENT` for chunks of another type; and
 * the stream's own error as it is
 */
export async function readContent(
  content: CmsContent,
  { hash, keep, signal }: { hash: string; keep: boolean; signal: AbortSignal | undefined },
): Promise<ReadContent> {
  const digest = createHash(hash);
  const kept: Uint8Array[] = [];
  const take = (chunk: string | Uint8Array) => {
    if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) {
      throw invalidArgument('content', 'chunks that are strings or bytes', describeType(chunk));
    }
    digest.update(chunk);
    if (keep) kept.push(Buffer.from(chunk));
  };
  if (typeof content === 'string' || content instanceof Uint8Array) take(content);
  else await takeEach(content, take, signal);
  return { digest: digest.digest(), bytes: keep ? Buffer.concat(kept) : undefined };
}

/** Closes a stream that nobody reads to its end any more. */
export function abandonContent(content: unknown): void {
  if (content instanceof Readable) content.destroy();
}

/** As `for await`, but an abort ends it also while the next chunk does not come. */
async function takeEach<T>(
  chunks: AsyncIterable<T>,
  take: (chunk: T) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const iterator = chunks[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      const next = await unlessAborted(iterator.next(), signal);
      ended = next.done === true;
      if (next.done) return;
      take(next.value);
    }
  } finally {
    // Not waited for: what hangs would hang here too, and what went wrong is known already.
    if (!ended) iterator.return?.().catch(() => undefined);
  }
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const stop = () => reject(aborted(signal.reason));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
