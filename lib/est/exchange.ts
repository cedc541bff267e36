import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Client, Dispatcher } from 'undici';
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
  const { timeoutMs } = options;
  const timeout = AbortSignal.timeout(timeoutMs);
  const ended = new AbortController();
  const either = AbortSignal.any([ended.signal, timeout, ...(signal ? [signal] : [])]);
  let client: Client | undefined;
  try {
    client = await open(request.url, options, either);
    const headers = withBasic && options.basic ? { authorization: basicHeader(options.basic) } : {};
    return await whole(await client.request(dispatched(request, headers, either)));
  } catch (error) {
    throw exchangeError(error, request.url.origin, signal, {
      aborted: timeout.aborted,
      ms: timeoutMs,
    });
  } finally {
    await client?.destroy();
    ended.abort();
  }
}

async function open(
  { origin }: URL,
  options: CheckedEstOptions,
  signal: AbortSignal,
): Promise<Client> {
  const { Client } = await import('undici');
  const { connect, trustAnchors } = options;
  return new Client(origin, {
    connect: ({ hostname, port }, callback) => {
      const host = hostname.replace(/^\[(.*)\]$/, '$1');
      const target = { host, port: Number(port) || 443, trustAnchors, signal };
      // Of a socket undici uses what every Duplex has.
      const connected = (stream: Duplex) => callback(null, stream as Socket);
      connect(target).then(connected, (error: unknown) => callback(asError(error), null));
    },
    // The timeout of the whole exchange ends it.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: MAX_BODY_LENGTH,
  });
}

function dispatched(
  { method, url, body }: EstRequest,
  headers: Record<string, string>,
  signal: AbortSignal,
): Dispatcher.RequestOptions {
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

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
