import { randomBytes } from 'node:crypto';
import { certificateSignatureAlgorithm } from '../algorithms.js';
import { cardCrypto, cardKeys, type Signer, webAlgorithm } from './card-crypto.js';
import type { EnrollmentRequest } from './enrollment-request.js';
import { certificateExtensions, requestExtensions } from './extensions.js';
import { requestAttributes } from './request-attributes.js';
import { validityBounds } from './validity.js';
import { x509 } from './x509.js';

/** DER of the self-signed certificate that is asked for (RFC 5280). */
export async function buildCertificate(
  request: EnrollmentRequest,
  signer: Signer,
): Promise<Buffer> {
  const { X509CertificateGenerator, Name } = x509();
  const { common, crypto } = signing(request, signer);
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      ...common,
      serialNumber: Buffer.from(request.serialNumber ?? randomSerialNumber()).toString('hex'),
      name: new Name(request.subject.der),
      ...validityBounds(request.validity, new Date()),
      extensions: await certificateExtensions(request, signer, crypto),
    },
    crypto,
  );
  return Buffer.from(certificate.rawData);
}

/**
 * DER of the certificate request that is asked for (RFC 2986).
 *
 * @param renewed - DER of the certificate that it is to renew, if it is to tell
 */
export async function buildRequest(
  request: EnrollmentRequest,
  signer: Signer,
  renewed?: Uint8Array,
): Promise<Buffer> {
  const { Pkcs10CertificateRequestGenerator, Name } = x509();
  const { common, crypto } = signing(request, signer);
  const pkcs10 = await Pkcs10CertificateRequestGenerator.create(
    {
      ...common,
      name: new Name(request.subject.der),
      extensions: await requestExtensions(request, signer, crypto),
      attributes: requestAttributes(request, renewed),
    },
    crypto,
  );
  return Buffer.from(pkcs10.rawData);
}

function signing({ hashAlgorithm, signaturePadding }: EnrollmentRequest, signer: Signer) {
  const algorithm = certificateSignatureAlgorithm(
    signer.algorithm,
    hashAlgorithm,
    signaturePadding,
  );
  return {
    common: {
      signingAlgorithm: webAlgorithm(algorithm, signer.algorithm),
      keys: cardKeys(algorithm, signer),
    },
    crypto: cardCrypto(algorithm, signer),
  };
}

/** 16 random bytes, positive and without leading zeros (RFC 5280, 4.1.2.2). */
function randomSerialNumber(): Buffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
}
