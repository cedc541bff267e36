import { X509Certificate } from 'node:crypto';
import { x509 } from './x509.js';

/** The certificates in a PKCS #7 (RFC 5652 signed data, DER), in the order that they have there. */
export function readCertificateBundle(pkcs7: Uint8Array): X509Certificate[] {
  const { X509Certificates } = x509();
  return [...new X509Certificates(pkcs7)].map(
    ({ rawData }) => new X509Certificate(Buffer.from(rawData)),
  );
}

/**
 * The certificates above one, each issued by the next: its issuer's first, the root's last as far as
 * they are there. What has no part in it is left out.
 */
export function chainAbove(
  certificate: X509Certificate,
  others: readonly X509Certificate[],
): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let last = certificate;
  for (;;) {
    const issuer = others.find((other) => isIssuer(other, last) && !chain.includes(other));
    if (!issuer || issuer.raw.equals(last.raw)) return chain;
    chain.push(issuer);
    last = issuer;
  }
}

/** By name and key identifier, and by the signature: two authorities may have one name. */
function isIssuer(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
