import { webcrypto, type X509Certificate } from 'node:crypto';
import { certificateSignatureAlgorithm } from '../algorithms.js';
import { encodeTlv } from '../gids/tlv.js';
import { type Signer, spkiOf } from './card-crypto.js';
import { buildRequest } from './certificate-builder.js';
import { sequence, unsignedInteger } from './der.js';
import type { EnrollmentRequest } from './enrollment-request.js';
import { type SignedDataSigner, signData } from './signed-data.js';
import { x509 } from './x509.js';

/** id-cct-PKIData (RFC 5272, 3.2.1). */
const PKI_DATA = '1.3.6.1.5.5.7.12.2';
/** id-data (RFC 5652, 4). */
const DATA = '1.2.840.113549.1.7.1';
/** [0] of a TaggedRequest: a PKCS #10 request. */
const TAGGED_CERTIFICATION_REQUEST = 0xa0;
/** Of the one request in the message. */
const BODY_PART_ID = 1;

/** The certificate to be renewed and its key. */
export type Renewed = Omit<SignedDataSigner, 'algorithm'> & {
  identity: X509Certificate;
};

/**
 * DER of a request in the form that is asked for. PKCS #10: signed by its own key. CMC: a full PKI
 * request (RFC 5272, 3.2) around it, signed by the key of the certificate that it renews, else by its
 * own key. PKCS #7: signed data around it, which a renewal alone has ([MS-WCCE] 2.2.2.6.3).
 */
export async function buildSignedRequest(
  request: EnrollmentRequest,
  signer: Signer,
  renewed: Renewed | undefined,
): Promise<Buffer> {
  const { requestType } = request;
  if (requestType === 'PKCS10') return buildRequest(request, signer);
  const pkcs10 = await buildRequest(request, signer, renewed?.identity.raw);
  const by = renewed ?? { signer, identity: { keyIdentifier: await keyIdentifier(signer) } };
  const { hashAlgorithm, signaturePadding } = request;
  const algorithm = certificateSignatureAlgorithm(
    by.signer.algorithm,
    hashAlgorithm,
    signaturePadding,
  );
  const content =
    requestType === 'CMC' ? { type: PKI_DATA, der: pkiData(pkcs10) } : { type: DATA, der: pkcs10 };
  return signData(content, { ...by, algorithm });
}

/** A PKIData with no controls, one request, and nothing else. */
function pkiData(pkcs10: Uint8Array): Buffer {
  const request = encodeTlv(TAGGED_CERTIFICATION_REQUEST, unsignedInteger(BODY_PART_ID), pkcs10);
  return sequence(sequence(), sequence(request), sequence(), sequence());
}

async function keyIdentifier(signer: Signer): Promise<Buffer> {
  const publicKey = new (x509().PublicKey)(spkiOf(signer));
  return Buffer.from(await publicKey.getKeyIdentifier(webcrypto));
}
