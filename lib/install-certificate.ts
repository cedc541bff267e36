import { X509Certificate } from 'node:crypto';
import type { CardConnection, CertificateOptions } from './backend/backend.js';
import { VirtualSmartCardCertificate } from './certificate.js';
import { describeType, invalidArgument, VirtualSmartCardError } from './errors.js';
import { VirtualSmartCardKey } from './key.js';

/** A certificate: DER, PEM (its first one), or node:crypto's. */
export type CertificateInput = string | Uint8Array | X509Certificate;

/**
 * Stores a certificate in the container whose key it certifies.
 *
 * @throws VirtualSmartCardError `ERR_CERTIFICATE_MISMATCH`, `ERR_INVALID_ARGUMENT`
 */
export async function storeBesideItsKey(
  connection: CardConnection,
  certificate: CertificateInput,
  options: CertificateOptions,
): Promise<VirtualSmartCardCertificate> {
  const x509 = readCertificate(certificate);
  for (const info of await connection.containers()) {
    const key = await VirtualSmartCardKey.load(connection, info);
    if (!key.publicKey.equals(x509.publicKey)) continue;
    await connection.storeCertificate(info.name, x509.raw, options);
    return VirtualSmartCardCertificate.create(x509, key);
  }
  throw new VirtualSmartCardError(
    'ERR_CERTIFICATE_MISMATCH',
    'The certificate belongs to no key of this card. Was it requested on another card, or was the key deleted?',
  );
}

/**
 * Reads a certificate and its public key.
 *
 * @param parameter - name for the error text
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 */
export function readCertificate(
  certificate: CertificateInput,
  parameter = 'certificate',
): X509Certificate {
  if (certificate instanceof X509Certificate) return certificate;
  const expected = 'a certificate as DER, PEM or X509Certificate';
  if (typeof certificate !== 'string' && !(certificate instanceof Uint8Array)) {
    throw invalidArgument(parameter, expected, describeType(certificate));
  }
  let x509: X509Certificate;
  try {
    x509 = new X509Certificate(certificate);
    void x509.publicKey;
  } catch (cause) {
    throw new VirtualSmartCardError(
      'ERR_INVALID_ARGUMENT',
      `Expected ${expected} for ${parameter}, got something that OpenSSL cannot read as one.`,
      { parameter, expected, cause },
    );
  }
  return x509;
}
