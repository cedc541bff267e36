import type { X509Certificate } from 'node:crypto';
import { booleanOption, checkOptions, wordOption } from '../arguments.js';
import { VirtualSmartCard } from '../card.js';
import type { VirtualSmartCardCertificate } from '../certificate.js';
import { type PinOptions, withPin } from '../credentials.js';
import type { PendingRequest } from '../enroll/pending-request.js';
import { describeType, invalidArgument, VirtualSmartCardError } from '../errors.js';
import { checkContainerName } from '../key-spec.js';
import { undoAndThrow } from '../undo.js';
import { EstClient } from './est-client.js';
import { waitUntilRetry } from './retry-after.js';

/** The operations of RFC 7030 that answer a request with a certificate. */
export type EstOperation = 'simpleenroll' | 'simplereenroll';

/** How a card gets its certificate. */
export interface EstCardOptions extends PinOptions {
  /**
   * Whether the call asks again, each time after as long as the server says, until there is a
   * certificate; default false. If the server cannot be reached meanwhile, the result is pending.
   */
  wait?: boolean | undefined;
}

/** What came of it. */
export type EstCardEnrollment =
  | {
      state: 'issued';
      /** On the card, beside its key. */
      certificate: VirtualSmartCardCertificate;
      /** What else the server sent. */
      chain: X509Certificate[];
    }
  | {
      state: 'pending';
      /** Keep it: the key waits on the card, and the same request is sent again. */
      request: PendingRequest;
      /** Not before that long. */
      retryAfterMs: number;
      /** What the server said, or why it could not be asked again. */
      message: string;
    };

/**
 * Makes a key and a request as an INF asks for it, sends it to an EST server, and stores what the CA
 * issues. All or nothing: if the server refuses, or the call is aborted, the key is deleted again. If
 * the CA takes its time (HTTP 202), key and request stay for a second call.
 *
 * @param inf - an INF with RequestType PKCS10, or the `request` of a pending result, which is sent
 * again; then the key stays whatever happens
 * @param options - `operation`: `simplereenroll` to replace a certificate by one with a new key
 * @throws VirtualSmartCardError as `card.createRequest`, `EstClient.enroll` and `card.installCertificate`
 * @example
 * ```ts
 * await using est = new EstClient({ url, trustAnchors, username, password });
 * let result = await enrollByEst(card, est, infText, { pin });
 * if (result.state === 'pending') {
 *   result = await enrollByEst(card, est, result.request, { pin, wait: true, signal });
 * }
 * ```
 */
export async function enrollByEst(
  card: VirtualSmartCard,
  client: EstClient,
  inf: string | Uint8Array | PendingRequest,
  options: EstCardOptions & { operation?: EstOperation | undefined } = {},
): Promise<EstCardEnrollment> {
  checkArguments(card, client, options, ['pin', 'signal', 'wait', 'operation']);
  const operations = ['simpleenroll', 'simplereenroll'] as const;
  const operation = wordOption(options.operation, 'operation', operations, 'simpleenroll');
  const wait = booleanOption(options.wait, 'wait', false);
  return withPin(options, async (pin) => {
    const send = { card, client, operation, wait, pin };
    if (isPending(inf)) return sent(inf, send);
    const request = await card.createRequest(inf, pin);
    try {
      return await sent(request, send);
    } catch (error) {
      const left = `The key made for it is still on the card; delete container "${request.container}" yourself.`;
      return undoAndThrow(error, left, () => request.key.delete({ pin: pin.pin }));
    }
  });
}

/**
 * Replaces the certificate of a key by its next one, with the same names (RFC 7030, 4.2.2) and uses.
 * The present one stays until the next one is there. The client authenticates by the present certificate:
 * `tlsClient: { card, container, pin }`.
 *
 * @param options - `container`: may be left out when the card has only one
 * @throws VirtualSmartCardError `ERR_CERTIFICATE_NOT_FOUND`, `ERR_CONTAINER_NOT_FOUND`,
 * `ERR_CONTAINER_AMBIGUOUS`, and as {@link enrollByEst}
 * @example
 * ```ts
 * await using publication = await manager.publish();
 * await using est = new EstClient({ url, trustAnchors, tlsClient: { card, container: 'vpn', pin } });
 * const result = await reenrollByEst(card, est, { container: 'vpn', pin });
 * ```
 */
export async function reenrollByEst(
  card: VirtualSmartCard,
  client: EstClient,
  options: EstCardOptions & { container?: string | undefined } = {},
): Promise<EstCardEnrollment> {
  checkArguments(card, client, options, ['pin', 'signal', 'wait', 'container']);
  const { container } = options;
  if (container !== undefined) checkContainerName(container);
  const wait = booleanOption(options.wait, 'wait', false);
  return withPin(options, async (pin) => {
    const key = await card.key(container);
    const request = await card.renew(key.container, { newKey: false }, pin);
    return sent(request, { card, client, operation: 'simplereenroll', wait, pin });
  });
}

interface Send {
  card: VirtualSmartCard;
  client: EstClient;
  operation: EstOperation;
  wait: boolean;
  pin: PinOptions;
}

async function sent(request: PendingRequest, send: Send): Promise<EstCardEnrollment> {
  const { card, client, operation, pin } = send;
  const options = { signal: pin.signal };
  const ask = () =>
    operation === 'simpleenroll'
      ? client.enroll(request.der, options)
      : client.reenroll(request.der, options);
  let answer = await ask();
  while (answer.state === 'pending' && send.wait) {
    const { state, retryAfterMs } = answer;
    await waitUntilRetry(retryAfterMs, pin.signal);
    try {
      answer = await ask();
    } catch (error) {
      // A request that the CA has taken is not lost because the server is away for a while.
      if (!isTransient(error)) throw error;
      return { state, request, retryAfterMs, message: error.message };
    }
  }
  if (answer.state === 'pending') return { ...answer, request };
  const certificate = await card.installCertificate(answer.certificate, pin);
  return { state: 'issued', certificate, chain: answer.chain };
}

function isTransient(error: unknown): error is VirtualSmartCardError {
  if (!VirtualSmartCardError.is(error)) return false;
  if (error.code === 'ERR_EST_REFUSED') return (error.httpStatus ?? 0) >= 500;
  return error.code === 'ERR_EST_CONNECTION' || error.code === 'ERR_TIMEOUT';
}

function isPending(inf: string | Uint8Array | PendingRequest): inf is PendingRequest {
  return typeof inf === 'object' && inf !== null && 'der' in inf && 'key' in inf;
}

function checkArguments(
  card: unknown,
  client: unknown,
  options: EstCardOptions,
  names: readonly string[],
): void {
  if (!(card instanceof VirtualSmartCard)) {
    throw invalidArgument('card', 'a VirtualSmartCard', describeType(card));
  }
  if (!(client instanceof EstClient)) {
    throw invalidArgument('client', 'an EstClient', describeType(client));
  }
  checkOptions(options, names);
}
