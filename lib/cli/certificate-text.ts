import type { VirtualSmartCardCertificate } from '../index.js';

/** A certificate as --json shows it. */
export function certificateDocument(
  certificate: VirtualSmartCardCertificate,
): Record<string, unknown> {
  const { x509, container, pem, key } = certificate;
  return {
    container,
    algorithm: key.algorithm,
    subject: oneLine(x509.subject),
    issuer: oneLine(x509.issuer),
    serialNumber: x509.serialNumber,
    notBefore: new Date(x509.validFrom).toISOString(),
    notAfter: new Date(x509.validTo).toISOString(),
    sha256: fingerprint(certificate),
    pem,
  };
}

/** A certificate in a few lines for people. */
export function certificateLines(certificate: VirtualSmartCardCertificate): string[] {
  const { x509, container } = certificate;
  return [
    `${container}  ${oneLine(x509.subject)}`,
    `  issuer ${oneLine(x509.issuer)}, serial number ${x509.serialNumber}`,
    `  valid from ${x509.validFrom} to ${x509.validTo}`,
    `  SHA-256 ${fingerprint(certificate)}`,
  ];
}

/** Node puts each part of a name on a line of its own. */
function oneLine(name: string): string {
  return name.split('\n').join(', ');
}

function fingerprint({ x509 }: VirtualSmartCardCertificate): string {
  return x509.fingerprint256.replaceAll(':', '').toLowerCase();
}
