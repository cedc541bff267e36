import { X509Certificate } from 'node:crypto';
import { describeType, invalidArgument } from './errors.js';

/**
 * One certificate or several: DER, PEM with one or more of them, node:crypto's, or a bundle (PKCS #7 or
 * CMS, `.p7b`) as DER, PEM or bare base64.
 */
export type CertificateInput = string | Uint8Array | X509Certificate;

const EXPECTED = 'certificates as DER, PEM, PKCS #7 or X509Certificate';
/** RFC 7468, 5 and 7 to 9. What else a file has, such as keys and requests, is passed over. */
const PEM_BLOCK =
  /-----BEGIN (CERTIFICATE|X509 CERTIFICATE|TRUSTED CERTIFICATE|PKCS7|CMS)-----([\s\S]*?)-----END \1-----/g;
const MAX_LENGTH = 4 * 1024 * 1024;

/**
 * The certificates, in the order in which they come.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 */
export async function readCertificates(input: CertificateInput): Promise<X509Certificate[]> {
  if (input instanceof X509Certificate) return [input];
  if (typeof input !== 'string' && !(input instanceof Uint8Array)) {
    throw invalidArgument('certificate', EXPECTED, describeType(input));
  }
  if (input.length > MAX_LENGTH) {
    throw invalidArgument('certificate', `at most ${MAX_LENGTH} bytes`, String(input.length));
  }
  const certificates: X509Certificate[] = [];
  // A copy, since what follows waits in between.
  const copy = typeof input === 'string' ? input : Uint8Array.from(input);
  for (const der of encodings(copy)) certificates.push(...(await decode(der)));
  if (certificates.length > 0) return certificates;
  throw invalidArgument('certificate', EXPECTED, 'something without a certificate');
}

/**
 * One certificate: DER, PEM (its first one), or node:crypto's; and that its public key can be read.
 *
 * @param parameter - name for the error text
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 */
export function readCertificate(input: CertificateInput, parameter: string): X509Certificate {
  if (input instanceof X509Certificate) return input;
  const expected = 'a certificate as DER, PEM or X509Certificate';
  if (typeof input !== 'string' && !(input instanceof Uint8Array)) {
    throw invalidArgument(parameter, expected, describeType(input));
  }
  const certificate = parse(input);
  if (!(certificate instanceof Error)) return certificate;
  const refused = invalidArgument(parameter, expected, 'something that OpenSSL cannot read as one');
  refused.cause = certificate;
  throw refused;
}

/** The DER within text, or the bytes themselves. */
function encodings(input: string | Uint8Array): Uint8Array[] {
  const text = typeof input === 'string' ? input : textOf(input);
  if (text === undefined) return [input as Uint8Array];
  const blocks = [...text.matchAll(PEM_BLOCK)].map((block) => block[2] ?? '');
  const isBase64 = blocks.length === 0 && /^[A-Za-z0-9+/\s]+=*\s*$/.test(text);
  return (isBase64 ? [text] : blocks).map((base64) => Buffer.from(base64, 'base64'));
}

/** undefined for DER, which begins with the tag of a sequence. */
function textOf(bytes: Uint8Array): string | undefined {
  const isDer = bytes[0] === 0x30 && (bytes[1] ?? 0) >= 0x80;
  return isDer ? undefined : Buffer.from(bytes).toString('latin1');
}

async function decode(der: Uint8Array): Promise<X509Certificate[]> {
  const single = parse(der);
  if (!(single instanceof Error)) return [single];
  const { certificatesInBundle } = await import('./enroll/certs-only.js');
  const bundled = certificatesInBundle(der)?.map(parse);
  const unreadable = bundled ? bundled.find((each) => each instanceof Error) : single;
  if (unreadable) {
    const refused = invalidArgument('certificate', EXPECTED, 'something else, or a damaged one');
    refused.cause = unreadable;
    throw refused;
  }
  return (bundled ?? []).filter((each) => each instanceof X509Certificate);
}

function parse(der: string | Uint8Array): X509Certificate | Error {
  try {
    const certificate = new X509Certificate(der);
    void certificate.publicKey;
    return certificate;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
