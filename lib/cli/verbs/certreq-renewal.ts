import type { X509Certificate } from 'node:crypto';
import {
  type EnrollmentRequest,
  type VirtualSmartCard,
  VirtualSmartCardError,
} from '../../index.js';
import { openCard } from '../choose-card.js';
import { usageError } from '../failure.js';
import { findOnCards } from '../find-on-cards.js';
import type { Context } from '../verb.js';

/**
 * What -cert names a certificate by: hexadecimal digits of its SHA-1 thumbprint or serial number, in
 * lower case.
 *
 * @throws CliError `ERR_USAGE`
 */
export function certificateId(typed: string | undefined): string | undefined {
  if (typed === undefined) return undefined;
  // As Windows' and OpenSSL's dialogs and lists show it; U+200E comes along with a copy from Windows'.
  const digits = typed.replace(/^0x/i, '').replaceAll(/[\s:\u200e]/g, '');
  if (/^[0-9a-f]{1,40}$/i.test(digits)) return digits.toLowerCase();
  throw usageError(
    `--cert takes a SHA-1 thumbprint or a serial number, in hexadecimal digits, not "${typed.slice(0, 80)}".`,
  );
}

/** The card that a request is made on, and the thumbprint of the certificate that it renews. */
export interface ChosenCard {
  card: VirtualSmartCard;
  renewalCertificate: string | undefined;
}

/**
 * Chooses the card of `--instance`, of the INF's ReaderName, that with the certificate to be renewed,
 * or the only one.
 *
 * @param id - -cert, which has been read into `request`
 * @throws VirtualSmartCardError `ERR_CERTIFICATE_NOT_FOUND`, and as `openCard`
 */
export async function chooseCard(
  context: Context,
  { readerName, renewalCertificate }: EnrollmentRequest,
  id: string | undefined,
): Promise<ChosenCard> {
  const wanted = id ?? renewalCertificate;
  if (wanted === undefined || renewalCertificate === undefined) {
    return { card: await openCard(context, readerName?.value), renewalCertificate };
  }
  const look = async (card: VirtualSmartCard) =>
    (await card.certificates()).filter(({ x509 }) => isNamed(x509, wanted));
  const what = `the certificate ${wanted}`;
  const [first, ...others] = await findOnCards(context, look, what, readerName?.value);
  if (!first) {
    throw new VirtualSmartCardError(
      'ERR_CERTIFICATE_NOT_FOUND',
      `No certificate on the card has the thumbprint or serial number ${wanted}, so that it could be renewed.`,
    );
  }
  const thumbprint = thumbprintOf(first.found.x509);
  if (others.length > 0) {
    const all = [first, ...others].map(({ found }) => thumbprintOf(found.x509)).join(', ');
    throw usageError(`Several certificates have the serial number ${wanted}. Name one of: ${all}.`);
  }
  if (renewalCertificate !== wanted && renewalCertificate !== thumbprint) {
    throw usageError('--cert names another certificate than RenewalCert in the INF.');
  }
  return { card: first.card, renewalCertificate: thumbprint };
}

function isNamed(certificate: X509Certificate, id: string): boolean {
  const serialNumber = withoutZeros(certificate.serialNumber.toLowerCase());
  return thumbprintOf(certificate) === id || serialNumber === withoutZeros(id);
}

function thumbprintOf({ fingerprint }: X509Certificate): string {
  return fingerprint.replaceAll(':', '').toLowerCase();
}

function withoutZeros(digits: string): string {
  return digits.replace(/^0+(?=.)/, '');
}
