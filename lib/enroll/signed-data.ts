import { createHash, type X509Certificate } from 'node:crypto';
import {
  Attribute,
  IssuerAndSerialNumber,
  id_data,
  SignerIdentifier,
  SignerInfo,
} from '@peculiar/asn1-cms';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import { Certificate, SubjectKeyIdentifier } from '@peculiar/asn1-x509';
import { type SignatureAlgorithm, signatureAlgorithm } from '../algorithms.js';
import { ecdsaSignatureToDer } from '../ecdsa-signature.js';
import { encodeTlv } from '../gids/tlv.js';
import { type Signer, webAlgorithm } from './card-crypto.js';
import { encodeSignedData } from './certs-only.js';
import { objectIdentifier, octetString, Tag } from './der.js';
import { x509 } from './x509.js';

const CONTENT_TYPE = '1.2.840.113549.1.9.3';
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4';

/** Who signs, and how who reads it finds the public key. */
export interface SignedDataSigner {
  signer: Signer;
  algorithm: SignatureAlgorithm;
  /** The signer's certificate, which comes along; or the identifier of a key that has none yet. */
  identity: X509Certificate | { keyIdentifier: Uint8Array };
}

/** DER of a ContentInfo with signed data (RFC 5652, 5) of one signer, the content within it. */
export async function signData(
  content: { type: string; der: Uint8Array },
  { signer, algorithm, identity }: SignedDataSigner,
): Promise<Buffer> {
  const { hash } = signatureAlgorithm(algorithm, signer.algorithm);
  const digestAlgorithm = asnAlgorithm({ name: hash.replace('sha', 'SHA-') });
  const digest = createHash(hash).update(content.der).digest();
  const attributes = sorted([
    attribute(CONTENT_TYPE, objectIdentifier(content.type)),
    attribute(MESSAGE_DIGEST, octetString(digest)),
  ]);
  // What is signed is the attributes' DER as a SET OF (RFC 5652, 5.4).
  const signedBytes = encodeTlv(Tag.SET, ...attributes.map(encoded));
  const isCertified = !('keyIdentifier' in identity);
  const signerInfo = new SignerInfo({
    version: isCertified ? 1 : 3,
    sid: signerIdentifier(identity),
    digestAlgorithm,
    signedAttrs: attributes,
    signatureAlgorithm: asnAlgorithm(webAlgorithm(algorithm, signer.algorithm)),
    signature: new OctetString(await signatureOf(signer, algorithm, signedBytes)),
  });
  return encodeSignedData({
    version: isCertified && content.type === id_data ? 1 : 3,
    digestAlgorithms: [encoded(digestAlgorithm)],
    contentType: content.type,
    content: content.der,
    certificates: isCertified ? [identity.raw] : [],
    signerInfos: [encoded(signerInfo)],
  });
}

function signerIdentifier(identity: SignedDataSigner['identity']): SignerIdentifier {
  if ('keyIdentifier' in identity) {
    const subjectKeyIdentifier = new SubjectKeyIdentifier(identity.keyIdentifier);
    return new SignerIdentifier({ subjectKeyIdentifier });
  }
  const { issuer, serialNumber } = AsnConvert.parse(identity.raw, Certificate).tbsCertificate;
  return new SignerIdentifier({
    issuerAndSerialNumber: new IssuerAndSerialNumber({ issuer, serialNumber }),
  });
}

async function signatureOf(signer: Signer, algorithm: SignatureAlgorithm, data: Uint8Array) {
  const signature = await signer.sign(algorithm, data);
  return algorithm.startsWith('ECDSA') ? ecdsaSignatureToDer(signature) : signature;
}

function asnAlgorithm(web: ReturnType<typeof webAlgorithm> | { name: string }) {
  return new (x509().AlgorithmProvider)().toAsnAlgorithm(web);
}

function attribute(type: string, value: Uint8Array): Attribute {
  return new Attribute({ attrType: type, attrValues: [Uint8Array.from(value).buffer] });
}

function sorted(attributes: Attribute[]): Attribute[] {
  return attributes.sort((one, other) => Buffer.compare(encoded(one), encoded(other)));
}

function encoded(value: unknown): Buffer {
  return Buffer.from(AsnConvert.serialize(value));
}
