import type { X509Certificate } from 'node:crypto';
import { VirtualSmartCardCertificate } from './certificate.js';
import { describeType, invalidArgument } from './errors.js';
import { type CertificateInput, readCertificate } from './install-certificate.js';
import { VirtualSmartCardKey } from './key.js';

/** Who signs a message: a certificate on a card, or a card's key, whose container may hold one. */
export type CardSigner = VirtualSmartCardCertificate | VirtualSmartCardKey;

/** The key that signs. */
export function signerKey(signer: CardSigner): VirtualSmartCardKey {
  if (signer instanceof VirtualSmartCardKey) return signer;
  if (signer instanceof VirtualSmartCardCertificate) return signer.key;
  throw invalidArgument('signer', "a card's certificate or key", describeType(signer));
}

/**
 * The certificate that goes with the signature; a key's is read from the card.
 *
 * @throws VirtualSmartCardError `ERR_CERTIFICATE_NOT_FOUND`
 */
export async function signerCertificate(signer: CardSigner): Promise<X509Certificate> {
  const certificate = signer instanceof VirtualSmartCardKey ? await signer.certificate() : signer;
  return certificate.x509;
}

/** Certificates of CAs that go into a message so that its reader finds the way to a root. */
export function chainCertificates(certificates: unknown): X509Certificate[] {
  if (certificates === undefined) return [];
  if (!Array.isArray(certificates)) {
    throw invalidArgument('certificates', 'an array of certificates', describeType(certificates));
  }
  return certificates.map((each: CertificateInput, index) =>
    readCertificate(each, `certificates[${index}]`),
  );
}
