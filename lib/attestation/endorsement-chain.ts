import { X509Certificate } from 'node:crypto';
import { hasIssued } from '../issuers.js';
import { parsing } from './attestation-error.js';

/** tcg-kp-EKCertificate: what a certificate of an endorsement key is for. */
const EK_CERTIFICATE = '2.23.133.8.1';
/** Authorities between the key's certificate and the root. */
const MAX_DEPTH = 8;

/** How the search for a trusted root ended. */
export type ChainOutcome =
  | { trusted: true; chain: X509Certificate[] }
  | { trusted: false; reason: string };

/** @throws VirtualSmartCardError `ERR_ATTESTATION` */
export function parseCertificates(certificates: readonly Buffer[]): X509Certificate[] {
  return certificates.map((der) =>
    parsing('a certificate of the endorsement key', () => new X509Certificate(der)),
  );
}

/**
 * Looks for a way from the endorsement key's certificate up to a root that the caller trusts: each is
 * issued and signed by the next, an authority, and valid at that time. Whether one was revoked is not
 * looked up.
 */
export function findChain(
  leaf: X509Certificate,
  intermediates: readonly X509Certificate[],
  roots: readonly X509Certificate[],
  time: Date,
): ChainOutcome {
  if (!leaf.keyUsage?.includes(EK_CERTIFICATE)) {
    return refused(`it is not for an endorsement key (no key purpose ${EK_CERTIFICATE})`);
  }
  const chain: X509Certificate[] = [];
  for (let at = leaf; chain.length <= MAX_DEPTH; ) {
    if (!isValid(at, time)) return refused(`"${nameOf(at)}" is not valid at that time`);
    chain.push(at);
    const root = roots.find((each) => each.raw.equals(at.raw) || isIssuer(each, at));
    // The key's own certificate may be what is trusted, as for one TPM alone.
    if (root?.raw.equals(at.raw)) return { trusted: true, chain };
    if (root) {
      if (!isValid(root, time)) return refused(`"${nameOf(root)}" is not valid at that time`);
      return { trusted: true, chain: [...chain, root] };
    }
    const issuer = intermediates.find((each) => !chain.includes(each) && isIssuer(each, at));
    if (!issuer) return refused(`nobody who is trusted has issued "${nameOf(at)}"`);
    at = issuer;
  }
  return refused('there are too many authorities');
}

function isIssuer(issuer: X509Certificate, subject: X509Certificate): boolean {
  return issuer.ca && hasIssued(issuer, subject);
}

function isValid(certificate: X509Certificate, time: Date): boolean {
  const from = Date.parse(certificate.validFrom);
  const to = Date.parse(certificate.validTo);
  return from <= time.getTime() && time.getTime() <= to;
}

function nameOf(certificate: X509Certificate): string {
  return (certificate.subject ?? '').replaceAll('\n', ', ').slice(0, 200);
}

function refused(reason: string): ChainOutcome {
  return { trusted: false, reason };
}
