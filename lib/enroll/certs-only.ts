import { X509Certificate } from 'node:crypto';
import { ContentInfo, id_data, id_signedData, SignedData } from '@peculiar/asn1-cms';
import { AsnConvert } from '@peculiar/asn1-schema';
import type { Certificate } from '@peculiar/asn1-x509';
import { encodeSignedData } from '../cms/signed-data.js';
import { encodeTlv } from '../gids/tlv.js';
import { sequence } from './der.js';

const BIT_STRING = 0x03;

/** DER of signed data that holds certificates and nothing else: a `.p7b`. */
export function certificateBundle(certificates: readonly Uint8Array[]): Buffer {
  return encodeSignedData({
    version: 1,
    digestAlgorithms: [],
    contentType: id_data,
    content: undefined,
    certificates,
    signerInfos: [],
  });
}

/** DER of the certificates in signed data (PKCS #7, CMS); undefined for what is none. */
export function certificatesInBundle(bundle: Uint8Array): Buffer[] | undefined {
  try {
    const info = AsnConvert.parse(bundle, ContentInfo);
    if (info.contentType !== id_signedData) return undefined;
    const { certificates } = AsnConvert.parse(info.content, SignedData);
    return [...(certificates ?? [])]
      .map(({ certificate }) => certificate)
      .filter((each) => each !== undefined)
      .map(certificateAsItWas);
  } catch {
    // The parser's errors have no class of their own: whatever it is, it is no bundle.
    return undefined;
  }
}

/**
 * The same, as certificates.
 *
 * @throws Error where it is none, or holds a certificate that OpenSSL cannot read
 */
export function readCertificateBundle(bundle: Uint8Array): X509Certificate[] {
  const certificates = certificatesInBundle(bundle);
  if (!certificates) throw new TypeError('It is no signed data (PKCS #7, CMS).');
  return certificates.map((der) => new X509Certificate(der));
}

/** What is signed is not encoded anew. */
function certificateAsItWas(certificate: Certificate): Buffer {
  const { tbsCertificateRaw, signatureAlgorithm, signatureValue } = certificate;
  const signature = encodeTlv(BIT_STRING, Buffer.of(0), Buffer.from(signatureValue));
  const algorithm = Buffer.from(AsnConvert.serialize(signatureAlgorithm));
  return sequence(Buffer.from(tbsCertificateRaw ?? new ArrayBuffer(0)), algorithm, signature);
}
