import type { X509Certificate } from 'node:crypto';
import type { CardConnection, PinOption } from './backend/backend.js';
import { VirtualSmartCardError } from './errors.js';

/** Longer ones are no chain of a certificate, but a mistake or an attack. */
const LONGEST_CHAIN = 16;

/**
 * The certificates above one, from its issuer's on, as far as they are known: each has signed the one
 * before. A self-signed one is the last.
 */
export function chainOf(
  certificate: X509Certificate,
  known: readonly X509Certificate[],
): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let last = certificate;
  while (chain.length < LONGEST_CHAIN && !hasIssued(last, last)) {
    const issuer = known.find((each) => !chain.includes(each) && hasIssued(each, last));
    if (!issuer) break;
    chain.push(issuer);
    last = issuer;
  }
  return chain;
}

/** The certificates of CAs on a card; what another host has put there and cannot be read is passed over. */
export async function readIssuers(connection: CardConnection): Promise<X509Certificate[]> {
  const bundle = await connection.issuerBundle();
  return (bundle && (await decode(bundle))) ?? [];
}

/**
 * Puts the certificates of CAs beside those on the card.
 *
 * @returns takes them away again
 */
export async function addIssuers(
  connection: CardConnection,
  issuers: readonly X509Certificate[],
  options: PinOption,
): Promise<() => Promise<void>> {
  const nothing = async () => undefined;
  if (issuers.length === 0) return nothing;
  const bundle = await connection.issuerBundle();
  const there = bundle ? await decode(bundle) : [];
  if (!there) {
    throw new VirtualSmartCardError(
      'ERR_CARD_RESPONSE',
      'The card holds certificates of CAs (mscp\\msroots) in a form that is not PKCS #7, so that none can be added. Install the certificate without its chain.',
    );
  }
  const missing = issuers.filter(({ raw }) => !there.some((each) => each.raw.equals(raw)));
  if (missing.length === 0) return nothing;
  const { certificateBundle } = await import('./enroll/certs-only.js');
  const all = [...there, ...missing].map(({ raw }) => raw);
  await connection.storeIssuerBundle(certificateBundle(all), options);
  return () => connection.storeIssuerBundle(bundle ?? new Uint8Array(0), { pin: options.pin });
}

/** undefined for what is no PKCS #7, or holds what OpenSSL cannot read. */
async function decode(bundle: Uint8Array): Promise<X509Certificate[] | undefined> {
  const { readCertificateBundle } = await import('./enroll/certs-only.js');
  try {
    return readCertificateBundle(bundle);
  } catch {
    // Whatever it is, another host has put it there.
    return undefined;
  }
}

/** By name and key identifier, and by the signature: two authorities may have one name. */
export function hasIssued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    // A key of a kind that OpenSSL does not know has signed nothing here.
    return false;
  }
}
