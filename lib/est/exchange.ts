import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import { describeType, invalidArgument } from '../errors.js';
import { concatSecret, wipe } from '../secret.js';
import { exchangeError } from './est-error.js';
import type { CheckedEstOptions } from './est-options.js';

/** What an operation of EST sends (RFC 7030, 3.2.2). */
export interface EstRequest {
  method: 'GET' | 'POST';
  /** Origin, path and query. */
  url: URL;
  /** base64 of a PKCS #10, for POST. */
  body?: string | undefined;
}

/** What came back. */
export interface EstAnswer {
  status: number;
  /** The header, several of the same name joined; undefined when there is none. */
  header: (name: string) => string | undefined;
  body: Buffer;
}

/** More than any chain of certificates has, and less than what hurts. */
const MAX_BODY_LENGTH = 1_000_000;

/**
 * One request and its answer, over a connection of its own: each is trusted and authenticated anew,
 * and none is left when the call has ended.
 *
 * @param withBasic - whether user name and password go along
 * @throws VirtualSmartCardError `ERR_EST_CONNECTION`, `ERR_EST_AUTHENTICATION` (the TLS client
 * certificate was refused), `ERR_EST_RESPONSE`, `ERR_TIMEOUT`, `ERR_ABORTED`
 */
export async function exchange(
  request: EstRequest,
  options: CheckedEstOptions,
  withBasic: boolean,
  signal: AbortSignal | undefined,
): Promise<EstAnswer> {
  const { timeoutMs, connect, trustAnchors } = options;
  const { origin, hostname, port } = request.url;
  const timeout = AbortSignal.timeout(timeoutMs);
  const ended = new AbortController();
  const either = AbortSignal.any([ended.signal, timeout, ...(signal ? [signal] : [])]);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const target = { host, port: Number(port) || 443, trustAnchors, signal: either };
  const headers = withBasic && options.basic ? { authorization: basicHeader(options.basic) } : {};
  try {
    const asked = async () => {
      const stream = await connect(target);
      return overStream(stream, origin, dispatched(request, headers, either));
    };
    // undici looks at a signal only when it has a connection.
    return await orAborted(asked(), either);
  } catch (error) {
    throw exchangeError(error, origin, signal, { aborted: timeout.aborted, ms: timeoutMs });
  } finally {
    ended.abort();
  }
}

/** Asks over a connection that there is, and ends it. */
async function overStream(
  stream: Duplex,
  origin: string,
  request: Dispatcher.RequestOptions & { signal: AbortSignal },
): Promise<EstAnswer> {
  if (!(stream instanceof Duplex)) {
    throw invalidArgument('connect', 'a function that gives a Duplex', describeType(stream));
  }
  // What the connection broke by says more than that it ended; a TLS alert comes this way.
  let broken: Error | undefined;
  stream.on('error', (error) => {
    broken ??= error;
  });
  try {
    const { Client } = await import('undici');
    request.signal.throwIfAborted();
    const client = new Client(origin, {
      connect: (_options, callback) => {
        // Of a socket undici uses what every Duplex has; it does not expect it at once.
        queueMicrotask(() => {
          if (stream.destroyed) callback(broken ?? new Error('the connection broke'), null);
          else callback(null, stream as Socket);
        });
      },
      // The timeout of the whole exchange ends it.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxResponseSize: MAX_BODY_LENGTH,
    });
    try {
      return await whole(await client.request(request));
    } finally {
      await client.destroy();
    }
  } catch (error) {
    throw broken ?? error;
  } finally {
    stream.destroy();
  }
}

/** What the promise comes to, unless the signal fires first. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    promise.then(resolve, reject);
  });
}

function dispatched(
  { method, url, body }: EstRequest,
  headers: Record<string, string>,
  signal: AbortSignal,
): Dispatcher.RequestOptions & { signal: AbortSignal } {
  const path = url.pathname + url.search;
  if (body === undefined) return { method, path, headers, signal };
  const sent = {
    ...headers,
    'content-type': 'application/pkcs10',
    'content-transfer-encoding': 'base64',
  };
  return { method, path, headers: sent, body, signal };
}

async function whole({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<EstAnswer> {
  return {
    status: statusCode,
    header: (name) => {
      const value = headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    body: Buffer.from(await body.arrayBuffer()),
  };
}

/** RFC 7617, in UTF-8. A header is a string, which cannot be wiped. */
function basicHeader({ username, password }: NonNullable<CheckedEstOptions['basic']>): string {
  const pair = concatSecret(Buffer.from(`${username}:`), password);
  try {
    return `Basic ${pair.toString('base64')}`;
  } finally {
    wipe(pair);
  }
}
