import { X509Certificate } from 'node:crypto';
import { describeType, invalidArgument } from '../errors.js';

/** CA certificates: PEM (one or several in a text), DER, node:crypto's, or a list of those. */
export type TrustAnchors =
  | string
  | Uint8Array
  | X509Certificate
  | readonly (string | Uint8Array | X509Certificate)[];

const EXPECTED = 'CA certificates as PEM, DER or X509Certificate';
const PEM = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/**
 * The certificates as one PEM text: how node:tls and OpenSSL take them.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`; also for an empty list, by which nobody could be trusted
 */
export function checkedTrustAnchors(anchors: TrustAnchors | undefined): string | undefined {
  if (anchors === undefined) return undefined;
  const list: readonly unknown[] = Array.isArray(anchors) ? anchors : [anchors];
  if (list.length === 0) throw invalidArgument('trustAnchors', EXPECTED, 'an empty list');
  return list.map((anchor) => pemOf(anchor)).join('');
}

function pemOf(anchor: unknown): string {
  if (anchor instanceof X509Certificate) return withLineFeed(anchor.toString());
  if (typeof anchor !== 'string' && !(anchor instanceof Uint8Array)) {
    throw invalidArgument('trustAnchors', EXPECTED, describeType(anchor));
  }
  const text = typeof anchor === 'string' ? anchor : Buffer.from(anchor).toString('latin1');
  const found = text.match(PEM);
  try {
    const certificates = (found ?? [anchor]).map((each) => new X509Certificate(each));
    return certificates.map((each) => withLineFeed(each.toString())).join('');
  } catch {
    throw invalidArgument('trustAnchors', EXPECTED, 'something that OpenSSL cannot read as one');
  }
}

function withLineFeed(pem: string): string {
  return pem.endsWith('\n') ? pem : `${pem}\n`;
}
