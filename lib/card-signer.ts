import type { X509Certificate } from 'node:crypto';
import { VirtualSmartCardCertificate } from './certificate.js';
import { type CertificateInput, readCertificate } from './certificate-input.js';
import { describeType, invalidArgument, VirtualSmartCardError } from './errors.js';
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
 * @throws VirtualSmartCardError `ERR_CERTIFICATE_NOT_FOUND`, `ERR_CERTIFICATE_MISMATCH` on a card
 * where another program has put one that is not the key's
 */
export async function signerCertificate(signer: CardSigner): Promise<X509Certificate> {
  const certificate = signer instanceof VirtualSmartCardKey ? await signer.certificate() : signer;
  const { x509, key, container } = certificate;
  if (x509.publicKey.equals(key.publicKey)) return x509;
  throw new VirtualSmartCardError(
    'ERR_CERTIFICATE_MISMATCH',
    `The certificate in container "${container}" is of another key, so that nobody could verify the signature. Install the one that was issued for this key.`,
  );
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
