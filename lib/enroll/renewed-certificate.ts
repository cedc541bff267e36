import { createHash, type X509Certificate } from 'node:crypto';
import type { CardConnection } from '../backend/backend.js';
import { loadCertificates } from '../card-contents.js';
import type { VirtualSmartCardCertificate } from '../certificate.js';
import { VirtualSmartCardError } from '../errors.js';
import type { EnrollmentRequest, ExtensionSpec } from './enrollment-request.js';
import { EXTENSION_OIDS } from './extension-oids.js';

/** Extensions that a certificate's owner asks for; all others are the CA's own. */
const ASKED_FOR: readonly string[] = [
  EXTENSION_OIDS.keyUsage,
  EXTENSION_OIDS.subjectAltName,
  EXTENSION_OIDS.extendedKeyUsage,
  EXTENSION_OIDS.smimeCapabilities,
  EXTENSION_OIDS.certificateTemplateName,
  EXTENSION_OIDS.certificateTemplate,
  EXTENSION_OIDS.applicationPolicies,
];

/**
 * The certificate on the card with that SHA-1 thumbprint.
 *
 * @param thumbprint - hexadecimal, lower case
 * @throws VirtualSmartCardError `ERR_CERTIFICATE_NOT_FOUND`
 */
export async function findByThumbprint(
  connection: CardConnection,
  thumbprint: string,
): Promise<VirtualSmartCardCertificate> {
  const certificates = await loadCertificates(connection);
  const found = certificates.find(({ x509 }) => thumbprintOf(x509) === thumbprint);
  if (found) return found;
  const there = certificates.map(({ x509 }) => thumbprintOf(x509)).join(', ') || 'none';
  throw new VirtualSmartCardError(
    'ERR_CERTIFICATE_NOT_FOUND',
    `The card holds no certificate with thumbprint ${thumbprint}, which is to be renewed. There are: ${there}.`,
  );
}

/**
 * The request with what it does not say itself taken from the certificate that it renews. So an INF's
 * SubjectNameFlags = 8, which goes with no names of the INF's own, needs no more.
 */
export async function inherit(
  request: EnrollmentRequest,
  renewed: X509Certificate,
): Promise<EnrollmentRequest> {
  const { x509 } = await import('./x509.js');
  const { X509Certificate: Certificate } = x509();
  const { subjectName, extensions } = new Certificate(renewed.raw);
  const taken = extensions
    .filter(({ type }) => ASKED_FOR.includes(type) && !asksFor(request, type))
    .map(({ type, critical, value }): ExtensionSpec => {
      return { oid: type, critical, value: new Uint8Array(value) };
    });
  const subject =
    request.subject.text === ''
      ? { text: subjectName.toString(), der: Buffer.from(subjectName.toArrayBuffer()) }
      : request.subject;
  return { ...request, subject, extensions: [...request.extensions, ...taken] };
}

function asksFor(request: EnrollmentRequest, oid: string): boolean {
  if (request.extensions.some((each) => each.oid === oid)) return true;
  switch (oid) {
    case EXTENSION_OIDS.keyUsage:
      return request.keyUsage.length > 0;
    case EXTENSION_OIDS.subjectAltName:
      return request.subjectAlternativeNames.length > 0;
    case EXTENSION_OIDS.extendedKeyUsage:
      return request.extendedKeyUsage.length > 0;
    case EXTENSION_OIDS.smimeCapabilities:
      return request.smime;
    default:
      return false;
  }
}

function thumbprintOf(certificate: X509Certificate): string {
  return createHash('sha1').update(certificate.raw).digest('hex');
}
