import { hash, type X509Certificate } from 'node:crypto';
import {
  Attribute,
  id_contentType,
  id_data,
  id_messageDigest,
  id_signingTime,
  SigningTime,
} from '@peculiar/asn1-cms';
import { AsnConvert, AsnObjectIdentifierConverter, OctetString } from '@peculiar/asn1-schema';
import { encodeTlv } from '../gids/tlv.js';

/** What a signer signs in place of the content, whose digest is in it (RFC 5652, section 5.3). */
export interface SignedAttributes {
  /** In the order that DER has for the members of a set. */
  items: Attribute[];
  /** DER of the set, which is what the signature is over (section 5.4). */
  der: Buffer;
}

const ID_SIGNING_CERTIFICATE_V2 = '1.2.840.113549.1.9.16.2.47';
const SEQUENCE = 0x30;
const SET = 0x31;
const OCTET_STRING = 0x04;

/** @param signingTime - undefined to say nothing of it */
export function signedAttributes(
  digest: Uint8Array,
  signer: X509Certificate,
  signingTime: Date | undefined,
): SignedAttributes {
  const attributes = [
    attribute(id_contentType, AsnConvert.serialize(AsnObjectIdentifierConverter.toASN(id_data))),
    attribute(id_messageDigest, AsnConvert.serialize(new OctetString(digest))),
    attribute(ID_SIGNING_CERTIFICATE_V2, signingCertificate(signer)),
    ...(signingTime ? [attribute(id_signingTime, signingTimeDer(signingTime))] : []),
  ].map((item) => ({ item, der: Buffer.from(AsnConvert.serialize(item)) }));
  attributes.sort((one, other) => Buffer.compare(one.der, other.der));
  return {
    items: attributes.map(({ item }) => item),
    der: encodeTlv(SET, ...attributes.map(({ der }) => der)),
  };
}

function attribute(attrType: string, value: ArrayBuffer): Attribute {
  return new Attribute({ attrType, attrValues: [value] });
}

/**
 * SigningCertificateV2 with one ESSCertIDv2 (RFC 5035, section 3), whose hash is SHA-256 unless it
 * says otherwise: nobody can put another certificate of the same key in the signer's place.
 */
function signingCertificate({ raw }: X509Certificate): ArrayBuffer {
  const certificateHash = encodeTlv(OCTET_STRING, hash('sha256', raw, 'buffer'));
  const certificates = encodeTlv(SEQUENCE, encodeTlv(SEQUENCE, certificateHash));
  return new Uint8Array(encodeTlv(SEQUENCE, certificates)).buffer;
}

/** UTCTime from 1950 to 2049, else GeneralizedTime (RFC 5652, section 11.3). */
function signingTimeDer(date: Date): ArrayBuffer {
  const year = date.getUTCFullYear();
  return AsnConvert.serialize(new SigningTime(year < 1950 ? { generalTime: date } : date));
}
