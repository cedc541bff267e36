import type { X509Certificate } from 'node:crypto';
import { id_data, id_signedData } from '@peculiar/asn1-cms';
import type { AlgorithmIdentifier } from '@peculiar/asn1-x509';
import { arrayBuffer, der } from '../enroll/asn1.js';
import { objectIdentifier, octetString, sequence, Tag, unsignedInteger } from '../enroll/der.js';
import { x509 } from '../enroll/x509.js';
import { decodeTlvs, encodeTlv } from '../gids/tlv.js';
import type { SignedAttributes } from './signed-attributes.js';

/** What a message of one signer is put together from. */
export interface SignedMessage {
  /** The content, if it is to be in the message. */
  content: Uint8Array | undefined;
  digestAlgorithm: AlgorithmIdentifier;
  attributes: SignedAttributes;
  signatureAlgorithm: AlgorithmIdentifier;
  signature: Uint8Array;
  /** The signer's certificate, which comes along; or the identifier of a key that has none yet. */
  signer: X509Certificate | { keyIdentifier: Uint8Array };
  /** Of CAs. */
  chain: readonly X509Certificate[];
}

/** DER of the parts of a SignedData (RFC 5652, 5.1). */
interface SignedDataParts {
  version: number;
  digestAlgorithms: readonly Uint8Array[];
  contentType: string;
  /** undefined: signed data without content. */
  content: Uint8Array | undefined;
  /** As they are: encoded anew, a certificate that is not quite DER would lose its signature. */
  certificates: readonly Uint8Array[];
  signerInfos: readonly Uint8Array[];
}

/** [0], constructed: an explicit content, the certificates of signed data, or signed attributes. */
const CONTEXT_0 = 0xa0;
/** [0] of a SignerIdentifier: the identifier of a key. */
const SUBJECT_KEY_IDENTIFIER = 0x80;

/** DER of a ContentInfo with a SignedData of one signer (RFC 5652, section 5). */
export function signedDataDer(message: SignedMessage): Buffer {
  const { content, attributes, signer, chain } = message;
  const { contentType, members } = attributes;
  const isCertified = !('keyIdentifier' in signer);
  const digestAlgorithm = der(message.digestAlgorithm);
  const signerInfo = sequence(
    unsignedInteger(isCertified ? 1 : 3),
    isCertified
      ? issuerAndSerialNumber(signer)
      : encodeTlv(SUBJECT_KEY_IDENTIFIER, signer.keyIdentifier),
    digestAlgorithm,
    encodeTlv(CONTEXT_0, ...members),
    der(message.signatureAlgorithm),
    octetString(message.signature),
  );
  return encodeSignedData({
    version: isCertified && contentType === id_data ? 1 : 3,
    digestAlgorithms: [digestAlgorithm],
    contentType,
    content,
    certificates: certificateSet(isCertified ? [signer, ...chain] : chain),
    signerInfos: [signerInfo],
  });
}

/** DER of a ContentInfo with signed data. */
export function encodeSignedData(parts: SignedDataParts): Buffer {
  const { contentType, content, certificates } = parts;
  const explicitContent = content ? [encodeTlv(CONTEXT_0, octetString(content))] : [];
  const signedData = sequence(
    unsignedInteger(parts.version),
    encodeTlv(Tag.SET, ...parts.digestAlgorithms),
    sequence(objectIdentifier(contentType), ...explicitContent),
    ...(certificates.length > 0 ? [encodeTlv(CONTEXT_0, ...certificates)] : []),
    encodeTlv(Tag.SET, ...parts.signerInfos),
  );
  return sequence(objectIdentifier(id_signedData), encodeTlv(CONTEXT_0, signedData));
}

/** A message as PEM (RFC 7468, section 9). */
export function pemOf(message: Uint8Array): string {
  return `${x509().PemConverter.encode(arrayBuffer(message), 'CMS')}\n`;
}

/** The certificates, each once, in the order that DER has for the members of a set. */
function certificateSet(certificates: readonly X509Certificate[]): Buffer[] {
  const unique = new Map(certificates.map(({ raw }) => [raw.toString('latin1'), raw]));
  return [...unique.values()].sort(Buffer.compare);
}

/**
 * IssuerAndSerialNumber (RFC 5652, 10.2.4), both as they stand in the certificate (RFC 5280, 4.1).
 * Decoded and encoded again they might differ from what its CA has signed, who need not have kept to
 * DER.
 */
function issuerAndSerialNumber({ raw }: X509Certificate): Buffer {
  const [certificate] = decodeTlvs(raw);
  const [tbsCertificate] = decodeTlvs(certificate?.value ?? raw);
  const fields = decodeTlvs(tbsCertificate?.value ?? raw);
  const [serialNumber, , issuer] = fields[0]?.tag === VERSION ? fields.slice(1) : fields;
  if (!serialNumber || !issuer) throw new TypeError('The certificate lacks issuer or number.');
  return sequence(
    encodeTlv(issuer.tag, issuer.value),
    encodeTlv(serialNumber.tag, serialNumber.value),
  );
}

/** [0] EXPLICIT, which version 1 has not. */
const VERSION = 0xa0;
