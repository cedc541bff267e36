import { hash, type X509Certificate } from 'node:crypto';
import {
  id_contentType,
  id_data,
  id_messageDigest,
  id_signingTime,
  SigningTime,
} from '@peculiar/asn1-cms';
import { der } from '../enroll/asn1.js';
import { objectIdentifier, octetString, sequence, Tag } from '../enroll/der.js';
import { encodeTlv } from '../gids/tlv.js';

/** What a signer signs in place of the content, whose digest is in it (RFC 5652, section 5.3). */
export interface SignedAttributes {
  /** Object identifier of the content's type. */
  contentType: string;
  /** DER of each, in the order that DER has for the members of a set. */
  members: Buffer[];
  /** DER of the set, which is what the signature is over (section 5.4). */
  der: Buffer;
}

const ID_SIGNING_CERTIFICATE_V2 = '1.2.840.113549.1.9.16.2.47';

/**
 * The attributes that there must be (sections 11.1 and 11.2), and others.
 *
 * @param others - DER
 */
export function signedAttributes(
  contentType: string,
  digest: Uint8Array,
  others: readonly Buffer[] = [],
): SignedAttributes {
  const members = [
    attribute(id_contentType, objectIdentifier(contentType)),
    attribute(id_messageDigest, octetString(digest)),
    ...others,
  ].sort(Buffer.compare);
  return { contentType, members, der: encodeTlv(Tag.SET, ...members) };
}

/**
 * Those of a message whose content is bytes of whatever kind (id-data).
 *
 * @param time - undefined to say nothing of it
 */
export function messageAttributes(
  digest: Uint8Array,
  signer: X509Certificate,
  time: Date | undefined,
): SignedAttributes {
  const others = [signingCertificate(signer), ...(time ? [signingTime(time)] : [])];
  return signedAttributes(id_data, digest, others);
}

/**
 * SigningCertificateV2 with one ESSCertIDv2 (RFC 5035, section 3), whose hash is SHA-256 unless it
 * says otherwise: nobody can put another certificate of the same key in the signer's place.
 */
function signingCertificate({ raw }: X509Certificate): Buffer {
  const certificateHash = octetString(hash('sha256', raw, 'buffer'));
  return attribute(ID_SIGNING_CERTIFICATE_V2, sequence(sequence(sequence(certificateHash))));
}

/** UTCTime from 1950 to 2049, else GeneralizedTime (RFC 5652, section 11.3). */
function signingTime(date: Date): Buffer {
  const year = date.getUTCFullYear();
  const value = new SigningTime(year < 1950 ? { generalTime: date } : date);
  return attribute(id_signingTime, der(value));
}

/** DER of an attribute with one value. */
function attribute(type: string, value: Buffer): Buffer {
  return sequence(objectIdentifier(type), encodeTlv(Tag.SET, value));
}
