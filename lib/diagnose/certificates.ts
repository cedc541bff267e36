import { X509Certificate } from 'node:crypto';
import type { CardConnection, ContainerInfo } from '../backend/backend.js';
import { x509 } from '../enroll/x509.js';
import { publicKeyObject } from '../public-key.js';
import type { Findings } from './findings.js';

const DAY_MS = 86_400_000;

/** What the certificates are looked at with. */
export interface CertificateTerms {
  /** The moment that counts as now. */
  now: number;
  /** A certificate that ends within so many days is told of. */
  expiresWithinDays: number;
}

/** One container: its key, and whether its certificate is good for anything. */
export async function checkContainer(
  connection: CardConnection,
  { name, algorithm, hasCertificate }: ContainerInfo,
  card: string,
  terms: CertificateTerms,
  findings: Findings,
): Promise<void> {
  const subject = `${card}/${name}`;
  if (algorithm === 'RSA-1024') {
    findings.warning('key-weak', 'The key has 1024 bits, which is too short today.', {
      remedy: 'Make a new key of 2048 bits or on a curve, and get a certificate for it.',
      subject,
      facts: { algorithm },
    });
  }
  const der = hasCertificate ? await connection.certificate(name) : undefined;
  if (!der) {
    findings.info('key-without-certificate', 'The key has no certificate.', {
      detail:
        'It can be used; or it waits for what a CA makes of its request; or what made it was killed half-way.',
      remedy:
        'Install the certificate ("certreq -accept"), or delete the key if nothing needs it ("keys delete").',
      subject,
    });
    return;
  }
  const certificate = parse(der);
  if (!certificate) {
    findings.error('certificate-unreadable', 'What is stored as the certificate is none.', {
      remedy: 'Install the certificate anew ("certreq -accept"), or enroll again.',
      subject,
    });
    return;
  }
  const matches = certificate.publicKey.equals(publicKeyObject(await connection.publicKey(name)));
  if (!matches) {
    findings.error('certificate-mismatch', 'The certificate belongs to another key.', {
      detail: describe(certificate),
      remedy: 'Install the certificate of this key ("certreq -accept"), or enroll again.',
      subject,
    });
  }
  checkSignature(der, certificate, subject, findings);
  if (checkTime(certificate, terms, subject, findings) && matches) {
    const facts = { validTo: new Date(certificate.validTo).toISOString() };
    findings.ok('certificate', 'The certificate is valid and has its key.', {
      detail: describe(certificate),
      subject,
      facts,
    });
  }
}

/** @returns whether its time is good, and is not nearly over */
function checkTime(
  certificate: X509Certificate,
  { now, expiresWithinDays }: CertificateTerms,
  subject: string,
  findings: Findings,
): boolean {
  const from = Date.parse(certificate.validFrom);
  const to = Date.parse(certificate.validTo);
  const facts = { validFrom: new Date(from).toISOString(), validTo: new Date(to).toISOString() };
  const rest = { detail: describe(certificate), subject, facts };
  if (now < from) {
    findings.warning('certificate-not-yet-valid', 'The certificate is not valid yet.', {
      ...rest,
      remedy: `Wait until ${facts.validFrom}, and look at the clock of this machine.`,
    });
  } else if (now > to) {
    findings.warning('certificate-expired', 'The certificate has expired.', {
      ...rest,
      remedy: 'Enroll again, or delete the key if nothing needs it.',
    });
  } else if (to - now < expiresWithinDays * DAY_MS) {
    findings.warning('certificate-expires', 'The certificate expires soon.', {
      ...rest,
      remedy: `Renew it before ${facts.validTo}.`,
    });
  } else return true;
  return false;
}

/** node:crypto does not tell by what a certificate is signed before Node 24. */
function checkSignature(
  der: Uint8Array,
  certificate: X509Certificate,
  subject: string,
  findings: Findings,
): void {
  const { signatureAlgorithm } = new (x509().X509Certificate)(der);
  const { hash } = signatureAlgorithm as { hash?: { name: string } | string };
  const name = typeof hash === 'string' ? hash : hash?.name;
  if (name !== 'SHA-1') return;
  findings.warning('certificate-sha1', 'The certificate is signed with SHA-1.', {
    detail: `${describe(certificate)} Programs of today refuse it.`,
    remedy: 'Have the CA issue it anew, signed with SHA-256.',
    subject,
  });
}

function parse(der: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined; // OpenSSL says no more than that it is none.
  }
}

function describe({ subject, serialNumber, validTo }: X509Certificate): string {
  const name = subject?.replaceAll('\n', ', ') || 'no subject';
  return `${name}, serial number ${serialNumber}, valid to ${validTo}.`;
}
