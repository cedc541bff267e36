import type { X509Certificate } from 'node:crypto';
import {
  type CertificateChoices,
  CertificateSet,
  CMSVersion,
  ContentInfo,
  DigestAlgorithmIdentifier,
  DigestAlgorithmIdentifiers,
  EncapsulatedContent,
  EncapsulatedContentInfo,
  IssuerAndSerialNumber,
  id_data,
  id_signedData,
  SignatureAlgorithmIdentifier,
  SignedData,
  SignerIdentifier,
  SignerInfo,
  SignerInfos,
} from '@peculiar/asn1-cms';
import {
  AsnAnyConverter,
  AsnConvert,
  type IAsnConvertible,
  OctetString,
} from '@peculiar/asn1-schema';
import type { AlgorithmIdentifier, Name } from '@peculiar/asn1-x509';
import { x509 } from '../enroll/x509.js';
import { decodeTlvs, encodeTlv } from '../gids/tlv.js';
import type { SignedAttributes } from './signed-attributes.js';

/** What a message is put together from. */
export interface SignedMessage {
  /** The content, if it is to be in the message. */
  content: Uint8Array | undefined;
  digestAlgorithm: AlgorithmIdentifier;
  attributes: SignedAttributes;
  signatureAlgorithm: AlgorithmIdentifier;
  signature: Uint8Array;
  signer: X509Certificate;
  /** Of CAs. */
  chain: readonly X509Certificate[];
}

/** DER of a ContentInfo with a SignedData of one signer (RFC 5652, section 5). */
export function signedDataDer(message: SignedMessage): Buffer {
  const digestAlgorithm = new DigestAlgorithmIdentifier(message.digestAlgorithm);
  const { issuer, serialNumber } = issuerAndSerialNumber(message.signer);
  const signerInfo = new SignerInfo({
    version: CMSVersion.v1,
    sid: new SignerIdentifier({
      issuerAndSerialNumber: new IssuerAndSerialNumber({
        issuer: verbatim<Name>(issuer),
        serialNumber: toArrayBuffer(serialNumber),
      }),
    }),
    digestAlgorithm,
    signedAttrs: message.attributes.items,
    signatureAlgorithm: new SignatureAlgorithmIdentifier(message.signatureAlgorithm),
    signature: octets(message.signature),
  });
  const signedData = new SignedData({
    version: CMSVersion.v1,
    digestAlgorithms: new DigestAlgorithmIdentifiers([digestAlgorithm]),
    encapContentInfo: new EncapsulatedContentInfo({
      eContentType: id_data,
      ...(message.content && {
        eContent: new EncapsulatedContent({ single: octets(message.content) }),
      }),
    }),
    certificates: certificateSet([message.signer, ...message.chain]),
    signerInfos: new SignerInfos([signerInfo]),
  });
  const info = { contentType: id_signedData, content: AsnConvert.serialize(signedData) };
  return Buffer.from(AsnConvert.serialize(new ContentInfo(info)));
}

/** A message as PEM (RFC 7468, section 9). */
export function pemOf(der: Uint8Array): string {
  return `${x509().PemConverter.encode(toArrayBuffer(der), 'CMS')}\n`;
}

/** The certificates, each once, in the order that DER has for the members of a set. */
function certificateSet(certificates: readonly X509Certificate[]): CertificateSet {
  const unique = new Map(certificates.map(({ raw }) => [raw.toString('latin1'), raw]));
  const sorted = [...unique.values()].sort(Buffer.compare);
  return new CertificateSet(sorted.map((raw) => verbatim<CertificateChoices>(raw)));
}

/**
 * DER that goes into a message byte by byte. Decoded and encoded again it might differ from what its
 * CA has signed, who need not have kept to DER.
 */
function verbatim<Type>(der: Uint8Array): Type {
  const encoded = () => AsnAnyConverter.toASN(toArrayBuffer(der));
  const convertible: IAsnConvertible = {
    toASN: encoded,
    toSchema: encoded,
    fromASN: () => convertible,
  };
  return convertible as Type;
}

/** Of a certificate, as they stand in it (RFC 5280, section 4.1). */
function issuerAndSerialNumber({ raw }: X509Certificate): {
  issuer: Buffer;
  serialNumber: Uint8Array;
} {
  const [certificate] = decodeTlvs(raw);
  const [tbsCertificate] = decodeTlvs(certificate?.value ?? raw);
  const fields = decodeTlvs(tbsCertificate?.value ?? raw);
  const [serialNumber, , issuer] = fields[0]?.tag === VERSION ? fields.slice(1) : fields;
  if (!serialNumber || !issuer) throw new TypeError('The certificate lacks issuer or number.');
  return { issuer: encodeTlv(issuer.tag, issuer.value), serialNumber: serialNumber.value };
}

/** [0] EXPLICIT, which version 1 has not. */
const VERSION = 0xa0;

function octets(bytes: Uint8Array): OctetString {
  return new OctetString(toArrayBuffer(bytes));
}

function toArrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
