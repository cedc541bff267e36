import type { X509Certificate } from 'node:crypto';
import type { VirtualSmartCardCertificate } from '../index.js';

/** A certificate on a card as --json shows it. */
export function certificateDocument(
  certificate: VirtualSmartCardCertificate,
): Record<string, unknown> {
  const { x509, container, key } = certificate;
  return { container, algorithm: key.algorithm, ...certificateFields(x509) };
}

/** What --json shows of any certificate. */
export function certificateFields(x509: X509Certificate): Record<string, unknown> {
  return {
    subject: oneLine(x509.subject),
    issuer: oneLine(x509.issuer),
    serialNumber: x509.serialNumber,
    notBefore: new Date(x509.validFrom).toISOString(),
    notAfter: new Date(x509.validTo).toISOString(),
    sha256: fingerprint(x509),
    pem: certificatePem(x509),
  };
}

/** A certificate in a few lines for people. */
export function certificateLines(certificate: VirtualSmartCardCertificate): string[] {
  const { x509, container } = certificate;
  return [
    `${container}  ${shownName(x509.subject)}`,
    `  issuer ${shownName(x509.issuer)}, serial number ${x509.serialNumber}`,
    `  valid from ${x509.validFrom} to ${x509.validTo}`,
    `  SHA-256 ${fingerprint(x509)}`,
  ];
}

/** PEM with a final line feed. */
export function certificatePem(x509: X509Certificate): string {
  return `${String(x509).trimEnd()}\n`;
}

/**
 * A name in one line; Node puts each part of it on a line of its own, and says undefined where a
 * certificate has its alternative names only.
 */
export function oneLine(name: string | undefined): string {
  return (name ?? '').split('\n').join(', ');
}

/** The same for people. */
export function shownName(name: string | undefined): string {
  return oneLine(name) || '(no name)';
}

function fingerprint({ fingerprint256 }: X509Certificate): string {
  return fingerprint256.replaceAll(':', '').toLowerCase();
}
