import { VirtualSmartCardError } from '../errors.js';
import { authenticationError, estResponseError } from './est-error.js';
import type { CheckedEstOptions } from './est-options.js';
import { type EstAnswer, type EstRequest, exchange } from './exchange.js';
import { retryAfterMs } from './retry-after.js';

/** RFC 9110 names no limit; five are more than a server of sense has. */
const MAX_REDIRECTS = 5;

/** Those that keep the method. 303 asks for a GET, which enrols nothing; it fits `cacerts` only. */
const REDIRECTS = new Set([301, 302, 307, 308]);

/**
 * Carries one operation out: follows redirects (RFC 7030, 3.2.1), and gives name and password when
 * the server asks for them (3.2.3).
 *
 * @returns an answer of status 200, 202 or 204
 * @throws VirtualSmartCardError `ERR_EST_AUTHENTICATION`, `ERR_EST_REFUSED` (with `httpStatus`), and
 * as {@link exchange}
 */
export async function perform(
  first: EstRequest,
  options: CheckedEstOptions,
  signal: AbortSignal | undefined,
): Promise<EstAnswer> {
  let request = first;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    const answer = await asked(request, options, signal);
    if (answer.status < 300 || answer.status === 304) return requireKnown(answer);
    if (!isRedirect(answer.status, request.method)) throw refused(answer);
    request = { ...request, url: redirectTarget(request, answer) };
  }
  throw estResponseError(`was the redirect after ${MAX_REDIRECTS} others`);
}

/** With name and password if it is the server that they are for, and it asks. */
async function asked(
  request: EstRequest,
  options: CheckedEstOptions,
  signal: AbortSignal | undefined,
): Promise<EstAnswer> {
  const answer = await exchange(request, options, false, signal);
  if (answer.status !== 401) return answer;
  const { origin } = request.url;
  const challenge = answer.header('www-authenticate') ?? '';
  const details = { httpStatus: 401 };
  if (!/(^|,)\s*Basic\b/i.test(challenge)) {
    const schemes = challenge.match(/[A-Za-z]+/)?.[0] ?? 'none that it names';
    const text = `The EST server ${origin} asks for an authentication that there is not here: ${schemes}. Basic is, and TLS client certificates.`;
    throw authenticationError(text, details);
  }
  if (!options.basic || origin !== options.origin) {
    const text = `The EST server ${origin} asks for a user name and password, and none were given for it.`;
    throw authenticationError(text, details);
  }
  const second = await exchange(request, options, true, signal);
  if (second.status !== 401) return second;
  const text = `The EST server ${origin} did not accept the user name and password.`;
  throw authenticationError(text, details);
}

function isRedirect(status: number, method: EstRequest['method']): boolean {
  return REDIRECTS.has(status) || (status === 303 && method === 'GET');
}

function redirectTarget({ url, method }: EstRequest, answer: EstAnswer): URL {
  const location = answer.header('location') ?? '';
  if (location === '' || !URL.canParse(location, url.href)) {
    throw estResponseError(`is a redirect (${answer.status}) to nowhere`);
  }
  const target = new URL(location, url);
  if (target.protocol !== 'https:' || target.username !== '' || target.password !== '') {
    throw estResponseError(`is a redirect to what is no plain https URL: ${target.protocol}`);
  }
  if (target.origin !== url.origin && method !== 'GET') {
    throw new VirtualSmartCardError(
      'ERR_EST_REFUSED',
      `The EST server ${url.origin} sends requests on to ${target.origin}. A request follows to another server only when you say so: if you trust that one, name it as the URL.`,
      { httpStatus: answer.status },
    );
  }
  return target;
}

function requireKnown(answer: EstAnswer): EstAnswer {
  if (answer.status === 200 || answer.status === 202 || answer.status === 204) return answer;
  throw estResponseError(`has the unexpected status ${answer.status}`, {
    httpStatus: answer.status,
  });
}

function refused(answer: EstAnswer): VirtualSmartCardError {
  const { status } = answer;
  const header = answer.header('retry-after');
  const wait = header === undefined ? undefined : retryAfterMs(header, Date.now());
  const said = serverText(answer);
  return new VirtualSmartCardError(
    'ERR_EST_REFUSED',
    `The EST server refused the request (HTTP ${status})${said ? `: ${said}` : ', and did not say why.'}`,
    { httpStatus: status, ...(wait !== undefined && { retryAfterMs: wait }) },
  );
}

const MAX_TEXT_LENGTH = 500;

/** What the server says in words, on one line; it is a stranger's, and goes to a terminal. */
export function serverText({ header, body }: EstAnswer): string {
  if (!/^text\/plain\b/i.test(header('content-type') ?? '')) return '';
  const line = body
    .toString('utf8')
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim();
  return line.length > MAX_TEXT_LENGTH ? `${line.slice(0, MAX_TEXT_LENGTH)}…` : line;
}
