import type { X509Certificate } from 'node:crypto';
import { type AbortOptions, booleanOption, checkOptions, checkSignal } from '../arguments.js';
import { VirtualSmartCardError } from '../errors.js';
import { type CheckedEstOptions, checkedEstOptions, type EstOptions } from './est-options.js';
import { type CertificateRequestInput, readRequest } from './pkcs10.js';

/** How a request is sent. */
export interface EstEnrollOptions extends AbortOptions {
  /**
   * Whether the call asks again, each time after as long as the server says, until there is a
   * certificate; default false.
   */
  wait?: boolean | undefined;
}

/** What the server did with a request. */
export type EstEnrollment =
  | {
      state: 'issued';
      /** The certificate of the request's key. */
      certificate: X509Certificate;
      /** What else came with it; RFC 7030 says nothing does. */
      chain: X509Certificate[];
    }
  | {
      state: 'pending';
      /** Send the same request again after that long, and not before. */
      retryAfterMs: number;
      /** What the server said, on one line; empty if nothing. */
      message: string;
    };

/**
 * A client of an EST server (RFC 7030), which hands out certificates over HTTPS.
 *
 * @example
 * ```ts
 * await using est = new EstClient({ url, trustAnchors: await readFile('ca.pem', 'utf8'), username, password });
 * const request = await card.createRequest(infText, { pin });
 * const answer = await est.enroll(request.der, { wait: true, signal });
 * if (answer.state === 'issued') await card.installCertificate(answer.certificate, { pin });
 * ```
 */
export class EstClient {
  readonly #options: CheckedEstOptions;
  readonly #closing = new AbortController();

  /**
   * Checks the options and connects to nobody yet.
   *
   * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
   */
  constructor(options: EstOptions) {
    this.#options = checkedEstOptions(options);
  }

  /**
   * The certificates of the CA and what leads to them (RFC 7030, 4.1). They are as good as the trust
   * in the server: whoever wants to trust them from now on keeps them.
   *
   * @throws VirtualSmartCardError `ERR_EST_CONNECTION`, `ERR_EST_AUTHENTICATION`,
   * `ERR_EST_REFUSED` (with `httpStatus`), `ERR_EST_RESPONSE`, `ERR_TIMEOUT`, `ERR_ABORTED`
   * @example `const chain = await est.caCertificates();`
   */
  async caCertificates(options: AbortOptions = {}): Promise<X509Certificate[]> {
    const open = this.#open();
    checkOptions(options, ['signal']);
    checkSignal(options.signal);
    const url = operationUrl(open, 'cacerts');
    return this.#untilClosed(options.signal, async (signal) => {
      const { askForCertificates } = await import('./asking.js');
      return askForCertificates(url, open, signal);
    });
  }

  /**
   * Asks for a certificate (RFC 7030, 4.2.1).
   *
   * @param request - PKCS #10 as DER or PEM
   * @throws VirtualSmartCardError as {@link caCertificates}
   * @example
   * ```ts
   * const answer = await est.enroll(request.pem);
   * if (answer.state === 'pending') console.log(`again in ${answer.retryAfterMs / 1000} s`);
   * ```
   */
  async enroll(
    request: CertificateRequestInput,
    options: EstEnrollOptions = {},
  ): Promise<EstEnrollment> {
    return this.#send('simpleenroll', request, options);
  }

  /**
   * Asks for a certificate in place of one that there is (RFC 7030, 4.2.2): subject and alternative
   * names in the request are those of the old certificate, which is that of the TLS client, where the
   * server knows clients by TLS.
   *
   * @param request - PKCS #10 as DER or PEM, with the old key or a new one
   * @throws VirtualSmartCardError as {@link caCertificates}
   * @example `const answer = await est.reenroll(request.der, { signal });`
   */
  async reenroll(
    request: CertificateRequestInput,
    options: EstEnrollOptions = {},
  ): Promise<EstEnrollment> {
    return this.#send('simplereenroll', request, options);
  }

  /**
   * Wipes password and PIN. Calls under way fail with `ERR_CLOSED`. Safe to call twice.
   *
   * @example `await est.close();`
   */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#options.secrets.wipe();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #send(
    operation: 'simpleenroll' | 'simplereenroll',
    request: CertificateRequestInput,
    options: EstEnrollOptions,
  ): Promise<EstEnrollment> {
    const open = this.#open();
    checkOptions(options, ['wait', 'signal']);
    checkSignal(options.signal);
    const wait = booleanOption(options.wait, 'wait', false);
    const { der, publicKey } = readRequest(request);
    const body = der.toString('base64');
    const url = operationUrl(open, operation);
    return this.#untilClosed(options.signal, async (signal) => {
      const { askForCertificate } = await import('./asking.js');
      return askForCertificate({ url, body, publicKey, wait }, open, signal);
    });
  }

  async #untilClosed<T>(
    signal: AbortSignal | undefined,
    call: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const closing = this.#closing.signal;
    try {
      return await call(signal ? AbortSignal.any([signal, closing]) : closing);
    } catch (error) {
      throw closing.aborted && VirtualSmartCardError.is(error, 'ERR_ABORTED') ? closed() : error;
    }
  }

  #open(): CheckedEstOptions {
    if (this.#closing.signal.aborted) throw closed();
    return this.#options;
  }
}

function closed(): VirtualSmartCardError {
  return new VirtualSmartCardError('ERR_CLOSED', 'This EST client was closed. Make a new one.');
}

function operationUrl({ origin, path }: CheckedEstOptions, operation: string): URL {
  return new URL(`${path}/${operation}`, origin);
}
