import type { KeyObject, X509Certificate } from 'node:crypto';
import { aborted } from '../arguments.js';
import { readCertsOnly } from './certs-only.js';
import type { EstEnrollment } from './est-client.js';
import { estResponseError } from './est-error.js';
import type { CheckedEstOptions } from './est-options.js';
import type { EstAnswer, EstRequest } from './exchange.js';
import { perform, serverText } from './operation.js';
import { retryAfterMs, waitUntilRetry } from './retry-after.js';

/** A request for a certificate, checked and encoded. */
export interface CertificateQuestion {
  url: URL;
  /** base64 of the PKCS #10. */
  body: string;
  /** The key that is to be certified. */
  publicKey: KeyObject;
  /** Whether to ask again for as long as the server says "later". */
  wait: boolean;
}

/** What the client's `caCertificates` gives. */
export async function askForCertificates(
  url: URL,
  options: CheckedEstOptions,
  signal: AbortSignal,
): Promise<X509Certificate[]> {
  return certificatesIn(await ask({ method: 'GET', url }, options, signal));
}

/** What the client's `enroll` and `reenroll` give. */
export async function askForCertificate(
  { url, body, publicKey, wait }: CertificateQuestion,
  options: CheckedEstOptions,
  signal: AbortSignal,
): Promise<EstEnrollment> {
  for (;;) {
    const answer = await ask({ method: 'POST', url, body }, options, signal);
    const enrollment =
      answer.status === 202 ? pendingIn(answer) : issuedIn(certificatesIn(answer), publicKey);
    if (enrollment.state === 'issued' || !wait) return enrollment;
    await waitUntilRetry(enrollment.retryAfterMs, signal);
  }
}

/** A client that was closed while this was loaded has no password any more, but zeros. */
async function ask(
  request: EstRequest,
  options: CheckedEstOptions,
  signal: AbortSignal,
): Promise<EstAnswer> {
  if (signal.aborted) throw aborted(signal.reason);
  return perform(request, options, signal);
}

/** RFC 7030, 4.1.3 and 4.2.3. */
function certificatesIn(answer: EstAnswer): X509Certificate[] {
  const type = answer.header('content-type') ?? '';
  if (answer.status !== 200 || !/^application\/pkcs7-mime\s*(;|$)/i.test(type)) {
    const shown = type.replace(/[\p{C}]/gu, '').slice(0, 80) || 'no content type';
    throw estResponseError(`is no application/pkcs7-mime but ${shown} (HTTP ${answer.status})`);
  }
  return readCertsOnly(answer.body);
}

function issuedIn(certificates: X509Certificate[], publicKey: KeyObject): EstEnrollment {
  const certificate = certificates.find((each) => each.publicKey.equals(publicKey));
  if (!certificate) throw estResponseError('holds no certificate of the key in the request');
  const chain = certificates.filter((each) => each !== certificate);
  return { state: 'issued', certificate, chain };
}

function pendingIn(answer: EstAnswer): EstEnrollment {
  const ms = retryAfterMs(answer.header('retry-after') ?? '', Date.now());
  if (ms === undefined) throw estResponseError('says "later" (HTTP 202), but not when');
  return { state: 'pending', retryAfterMs: ms, message: serverText(answer) };
}
