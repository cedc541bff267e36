import { VirtualSmartCardError } from '../../errors.js';
import type { RequestAnswer } from './answer.js';
import {
  checkRetrieveOptions,
  checkSubmitOptions,
  type RetrieveCertificateOptions,
  type SubmitRequestOptions,
} from './request-options.js';

/**
 * Submits a certificate request to a certification authority of Active Directory, as `certreq -submit`
 * does: by Windows' own client (ICertRequest), as the user that the program runs as. Windows only.
 *
 * That an authority refuses a request, or leaves it to an officer, is an answer and no error.
 *
 * @throws VirtualSmartCardError `ERR_NOT_SUPPORTED` off Windows, `ERR_INVALID_ARGUMENT`,
 * `ERR_CA_UNAVAILABLE`, `ERR_CA_TEMPLATE`, `ERR_CA_REQUEST`, `ERR_ACCESS_DENIED`, `ERR_TIMEOUT` after five
 * minutes, `ERR_ABORTED`, `ERR_WINDOWS`; `hresult` has what the authority or Windows answered
 * @example
 * ```ts
 * const request = await card.createRequest(inf, { pin });
 * const answer = await submitCertificateRequest({
 *   config: 'ca.example.com\\Example Issuing CA',
 *   request: request.der,
 *   attributes: [{ name: 'CertificateTemplate', value: 'SmartcardLogon' }],
 * });
 * if (answer.state === 'issued') await card.installCertificate(answer.certificate, { pin });
 * ```
 * @see {@link https://learn.microsoft.com/windows/win32/api/certcli/nf-certcli-icertrequest-submit}
 */
export async function submitCertificateRequest(
  options: SubmitRequestOptions,
): Promise<RequestAnswer> {
  const checked = checkSubmitOptions(options);
  const { readEncodedRequest } = await import('./encoded-request.js');
  const { kind: format, der: request } = await readEncodedRequest(options.request);
  const { client, toRequestAnswer } = await windowsClient();
  return toRequestAnswer(await client.submit({ ...checked, format, request }, options));
}

/**
 * Asks a certification authority of Active Directory what has become of a request that it has got
 * before, as `certreq -retrieve` does. Windows only.
 *
 * @throws VirtualSmartCardError as {@link submitCertificateRequest}; `ERR_CA_REQUEST` when the authority
 * has no request of that number
 * @example
 * ```ts
 * const answer = await retrieveCertificate({ config: pending.config, requestId: pending.requestId });
 * if (answer.state === 'issued') await card.installCertificate(answer.certificate, { pin });
 * ```
 * @see {@link https://learn.microsoft.com/windows/win32/api/certcli/nf-certcli-icertrequest-retrievepending}
 */
export async function retrieveCertificate(
  options: RetrieveCertificateOptions,
): Promise<RequestAnswer> {
  const checked = checkRetrieveOptions(options);
  const { client, toRequestAnswer } = await windowsClient();
  return toRequestAnswer(await client.retrieve(checked, options));
}

async function windowsClient() {
  if (process.platform !== 'win32') {
    throw new VirtualSmartCardError(
      'ERR_NOT_SUPPORTED',
      "Requests go to Active Directory Certificate Services by Windows' own client, on Windows only. Elsewhere use EST (enrollByEst), or carry the request to the authority and install what it answers.",
    );
  }
  const { loadWindowsAddon } = await import('../../native-windows.js');
  const { AuthorityClient } = await import('../../backend/windows/authority-client.js');
  const { TIME_LIMITS } = await import('../../backend/windows/limits.js');
  const { toRequestAnswer } = await import('./answer.js');
  return { client: new AuthorityClient(loadWindowsAddon(), TIME_LIMITS), toRequestAnswer };
}
