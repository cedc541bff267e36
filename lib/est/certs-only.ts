import type { X509Certificate } from 'node:crypto';
import { readCertificateBundle } from '../enroll/certs-only.js';
import { estResponseError } from './est-error.js';

/**
 * The certificates of a certs-only answer: a CMS SignedData without signers (RFC 5272, 4.1), as
 * base64. Its Content-Transfer-Encoding says nothing (RFC 8951, 3.1).
 *
 * @throws VirtualSmartCardError `ERR_EST_RESPONSE`
 */
export function readCertsOnly(body: Buffer): X509Certificate[] {
  const der = fromBase64(body.toString('latin1'));
  let certificates: X509Certificate[];
  try {
    certificates = readCertificateBundle(der);
    // Reading the key is left for later by OpenSSL; a certificate without one is of no use.
    for (const { publicKey } of certificates) void publicKey;
  } catch (cause) {
    throw estResponseError('is not the certs-only PKCS #7 that EST asks for', { cause });
  }
  if (certificates.length === 0) throw estResponseError('holds no certificate');
  return certificates;
}

function fromBase64(text: string): Buffer {
  const compact = text.replace(/[\t\r\n ]/g, '');
  if (compact === '') throw estResponseError('is empty');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(compact) || compact.length % 4 !== 0) {
    throw estResponseError('is not base64');
  }
  return Buffer.from(compact, 'base64');
}
