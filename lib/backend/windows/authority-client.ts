import type { AbortOptions } from '../../arguments.js';
import type { NativeCall } from '../../native-call.js';
import type { NativeCertificateRequests, NativeRequestAnswer } from '../../native-windows.js';
import type { TimeLimits } from './limits.js';
import { awaitCall } from './system-call.js';

/** How a request is encoded: CR_IN_…. */
export const RequestFormat = { PKCS10: 0x100, PKCS7: 0x300, CMC: 0x400 } as const;

/** A request for a certificate, checked. */
export interface SubmittedRequest {
  /** The authority, as `MACHINE\NAME`; empty for the machine's default. */
  config: string;
  format: keyof typeof RequestFormat;
  /** DER. */
  request: Buffer;
  /** Lines of `NAME:VALUE`; empty for none. */
  attributes: string;
}

/** Windows' client of certification authorities (Active Directory Certificate Services). */
export class AuthorityClient {
  readonly #addon: NativeCertificateRequests;
  readonly #limits: Pick<TimeLimits, 'authority' | 'grace'>;

  constructor(addon: NativeCertificateRequests, limits: Pick<TimeLimits, 'authority' | 'grace'>) {
    this.#addon = addon;
    this.#limits = limits;
  }

  submit(request: SubmittedRequest, { signal }: AbortOptions): Promise<NativeRequestAnswer> {
    const { config, attributes } = request;
    const native = {
      ...{ config, attributes },
      format: RequestFormat[request.format],
      request: request.request.toString('base64'),
    };
    return this.#call(
      () => this.#addon.submitRequest(native, (name, id) => warnOfLateRequest(name, id, config)),
      {
        ...{ signal, what: 'Submitting the request' },
        afterwards:
          'The authority may have got the request: look there before you submit it again.',
      },
    );
  }

  retrieve(
    request: { config: string; requestId: number },
    { signal }: AbortOptions,
  ): Promise<NativeRequestAnswer> {
    const what = `Retrieving the certificate of request ${request.requestId}`;
    return this.#call(() => this.#addon.retrieveCertificate(request), { signal, what });
  }

  #call<T>(
    start: () => NativeCall<T>,
    how: { signal: AbortSignal | undefined; what: string; afterwards?: string },
  ): Promise<T> {
    const { authority, grace } = this.#limits;
    return awaitCall(start, {
      ...how,
      timeoutMs: authority,
      graceMs: grace,
      purpose: 'requestCertificate',
    });
  }
}

/** Of a call that was given up, whose request the authority has taken after all. */
function warnOfLateRequest(name: string, requestId: number | string, config: string): void {
  if (name !== 'lateRequest') return;
  const authority = config === '' ? "this machine's default certification authority" : config;
  process.emitWarning(
    `A call that was given up has handed a request in after all: number ${requestId} at ${authority}. Retrieve its certificate by that number.`,
    { code: 'VSC_LATE_REQUEST' },
  );
}
