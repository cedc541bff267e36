import { describeType, invalidArgument } from '../../errors.js';
import { x509 } from '../x509.js';

/** What a certification authority can be asked for a certificate with. */
export type RequestKind = 'PKCS10' | 'PKCS7' | 'CMC';

/** As much as AD CS takes. */
const LARGEST = 65_536;

const EXPECTED =
  'a certificate request (PKCS #10, or PKCS #7 or CMC around one) as DER, base64 or PEM';

/** RFC 7468, with the label that certreq writes as well. */
const PEM =
  /-----BEGIN (NEW CERTIFICATE REQUEST|CERTIFICATE REQUEST|PKCS7|CMS|CMC)-----([^-]*)-----END \1-----/;
const BASE64 = /^[A-Za-z0-9+/\s]+={0,2}\s*$/;

/** id-signedData, id-cct-PKIData. */
const SIGNED_DATA = '1.2.840.113549.1.7.2';
const PKI_DATA = '1.3.6.1.5.5.7.12.2';

/**
 * Reads a request as a program or a file has it, and tells which kind it is.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 */
export async function readEncodedRequest(
  request: unknown,
): Promise<{ kind: RequestKind; der: Buffer }> {
  const der = decode(request);
  if (der.length === 0 || der.length > LARGEST) {
    throw invalidArgument('request', `${EXPECTED}, of at most ${LARGEST} bytes`, sizeOf(der));
  }
  const kind = (await kindOfSignedData(der)) ?? kindOfRequest(der);
  if (kind) return { kind, der };
  throw invalidArgument('request', EXPECTED, `${sizeOf(der)} that are none`);
}

function decode(request: unknown): Buffer {
  if (request instanceof Uint8Array) {
    const bytes = Buffer.from(request.buffer, request.byteOffset, request.byteLength);
    const isText = bytes.includes('-----BEGIN ') || BASE64.test(bytes.toString('latin1'));
    return isText ? decodeText(bytes.toString('latin1')) : Buffer.from(bytes);
  }
  if (typeof request === 'string') return decodeText(request);
  throw invalidArgument('request', EXPECTED, describeType(request));
}

function decodeText(text: string): Buffer {
  // Base64 of the largest, with line ends and some words around it.
  if (text.length > 2 * LARGEST) {
    throw invalidArgument('request', `${EXPECTED}, of at most ${LARGEST} bytes`, 'more than that');
  }
  const base64 = PEM.exec(text)?.[2] ?? text;
  if (!BASE64.test(base64)) throw invalidArgument('request', EXPECTED, 'another text');
  return Buffer.from(base64, 'base64');
}

/** Undefined for what is no signed data. */
async function kindOfSignedData(der: Buffer): Promise<RequestKind | undefined> {
  const { AsnConvert } = await import('@peculiar/asn1-schema');
  const { ContentInfo, SignedData } = await import('@peculiar/asn1-cms');
  try {
    const { contentType, content } = AsnConvert.parse(der, ContentInfo);
    if (contentType !== SIGNED_DATA) return undefined;
    const { encapContentInfo } = AsnConvert.parse(content, SignedData);
    return encapContentInfo.eContentType === PKI_DATA ? 'CMC' : 'PKCS7';
  } catch {
    return undefined;
  }
}

function kindOfRequest(der: Buffer): RequestKind | undefined {
  try {
    void new (x509().Pkcs10CertificateRequest)(der).subject;
    return 'PKCS10';
  } catch {
    return undefined;
  }
}

function sizeOf(der: Buffer): string {
  return der.length === 0 ? 'nothing' : `${der.length} bytes`;
}
