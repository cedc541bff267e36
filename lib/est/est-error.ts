import { aborted } from '../arguments.js';
import { VirtualSmartCardError, type VirtualSmartCardErrorDetails } from '../errors.js';

/** The server's answer is not what EST says; `what` follows "The EST server's answer". */
export function estResponseError(
  what: string,
  details: VirtualSmartCardErrorDetails = {},
): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_EST_RESPONSE',
    `The EST server's answer ${what}. Is the URL (and the label) that of an EST server?`,
    details,
  );
}

/** The server does not accept who asks. */
export function authenticationError(
  what: string,
  details: VirtualSmartCardErrorDetails = {},
): VirtualSmartCardError {
  return new VirtualSmartCardError('ERR_EST_AUTHENTICATION', what, details);
}

/** TLS alerts by which a server turns a client's certificate, or its absence, down (RFC 8446, 6.2). */
const CERTIFICATE_ALERT =
  /^ERR_SSL_(SSL|TLS)[A-Z0-9]*_ALERT_(CERTIFICATE_\w+|BAD_CERTIFICATE\w*|UNKNOWN_CA|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED)$/;

/** What undici says when a body or a header is longer than it may be. */
const TOO_LARGE = new Set(['UND_ERR_RES_EXCEEDED_MAX_SIZE', 'UND_ERR_HEADERS_OVERFLOW']);

/** What one exchange failed by, as this library's error: the one place where undici's become ours. */
export function exchangeError(
  error: unknown,
  origin: string,
  signal: AbortSignal | undefined,
  timeout: { aborted: boolean; ms: number },
): VirtualSmartCardError {
  if (VirtualSmartCardError.is(error)) return error;
  if (signal?.aborted) return aborted(signal.reason);
  if (timeout.aborted) {
    const text = `The EST server ${origin} did not answer within ${timeout.ms} ms. Nothing is known of what it did.`;
    return new VirtualSmartCardError('ERR_TIMEOUT', text, { cause: error });
  }
  const code = codeOf(error);
  if (TOO_LARGE.has(code)) return estResponseError('is longer than any can be', { cause: error });
  if (code.startsWith('HPE_')) return estResponseError('is not HTTP', { cause: error });
  if (CERTIFICATE_ALERT.test(code)) {
    const text = `The EST server ${origin} did not accept the TLS client certificate, or there was none: ${textOf(error)}.`;
    return authenticationError(text, { cause: error });
  }
  return new VirtualSmartCardError(
    'ERR_EST_CONNECTION',
    `The EST server ${origin} cannot be reached, or is not trusted: ${textOf(error)}. No answer came from it.`,
    { cause: error },
  );
}

function codeOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : '';
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // A name with several addresses fails by an error for each, and has no text itself.
  const [first] = error instanceof AggregateError ? error.errors : [];
  const { message } = first instanceof Error ? first : error;
  return message.trim().split('\n', 1)[0]?.replace(/\.$/, '') || codeOf(error);
}
