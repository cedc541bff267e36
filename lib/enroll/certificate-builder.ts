import { type KeyObject, randomBytes, webcrypto } from 'node:crypto';
import { certificateSignatureAlgorithm, keyType, type SignatureAlgorithm } from '../algorithms.js';
import type { HashName, KeyAlgorithm } from '../backend/backend.js';
import type { EnrollmentRequest } from './enrollment-request.js';
import { keyUsageFlags } from './key-usage.js';
import { validityBounds } from './validity.js';
import { x509 } from './x509.js';

/** The key to be certified: its public half, and how to have the card sign with the other. */
export interface Signer {
  algorithm: KeyAlgorithm;
  publicKey: KeyObject;
  /** ECDSA signatures as r ‖ s. */
  sign: (algorithm: SignatureAlgorithm, data: Uint8Array) => Promise<Buffer>;
}

/** DER of a self-signed certificate as the INF asks for it (RFC 5280). */
export async function buildCertificate(
  request: EnrollmentRequest,
  signer: Signer,
): Promise<Buffer> {
  const { X509CertificateGenerator, Name } = x509();
  const crypto = cardCrypto(request.hashAlgorithm, signer);
  const name = new Name(request.subject.der);
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: randomSerialNumber().toString('hex'),
      name,
      ...validityBounds(request.validity, new Date()),
      signingAlgorithm: webAlgorithm(request.hashAlgorithm, signer.algorithm),
      keys: cardKeys(request.hashAlgorithm, signer),
      extensions: await extensions(request, signer, crypto),
    },
    crypto,
  );
  return Buffer.from(certificate.rawData);
}

/** DER of a certificate request as the INF asks for it (RFC 2986). */
export async function buildRequest(request: EnrollmentRequest, signer: Signer): Promise<Buffer> {
  const { Pkcs10CertificateRequestGenerator, Name } = x509();
  const crypto = cardCrypto(request.hashAlgorithm, signer);
  const pkcs10 = await Pkcs10CertificateRequestGenerator.create(
    {
      name: new Name(request.subject.der),
      signingAlgorithm: webAlgorithm(request.hashAlgorithm, signer.algorithm),
      keys: cardKeys(request.hashAlgorithm, signer),
      extensions: await extensions(request, signer, crypto),
    },
    crypto,
  );
  return Buffer.from(pkcs10.rawData);
}

async function extensions(request: EnrollmentRequest, signer: Signer, crypto: CardCrypto) {
  const { Extension, KeyUsagesExtension, PublicKey, SubjectKeyIdentifierExtension } = x509();
  const publicKey = new PublicKey(spki(signer));
  const identifier = await SubjectKeyIdentifierExtension.create(publicKey, false, crypto);
  const others = request.extensions.map(
    ({ oid, critical, value }) => new Extension(oid, critical, value),
  );
  if (request.keyUsage.length === 0) return [identifier, ...others];
  return [new KeyUsagesExtension(keyUsageFlags(request.keyUsage), true), identifier, ...others];
}

/** 16 random bytes, positive and without leading zeros (RFC 5280, 4.1.2.2). */
function randomSerialNumber(): Buffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
}

function spki({ publicKey }: Signer): Buffer {
  return publicKey.export({ type: 'spki', format: 'der' });
}

type WebAlgorithm = { name: string; hash: string; namedCurve?: string };

/** The signature algorithm as WebCrypto names it, which is how the X.509 library takes it. */
function webAlgorithm(hash: HashName, key: KeyAlgorithm): WebAlgorithm {
  const webHash = hash.replace('SHA', 'SHA-');
  if (keyType(key) === 'RSA') return { name: 'RSASSA-PKCS1-v1_5', hash: webHash };
  return { name: 'ECDSA', hash: webHash, namedCurve: key === 'EC-P256' ? 'P-256' : 'P-384' };
}

/**
 * Stand-ins for CryptoKeys. The X.509 library reads their algorithm and hands them back to the
 * Crypto below, which knows of one key only.
 */
function cardKeys(hash: HashName, signer: Signer) {
  const common = { algorithm: webAlgorithm(hash, signer.algorithm) };
  return {
    publicKey: { ...common, type: 'public', extractable: true, usages: ['verify'] },
    privateKey: { ...common, type: 'private', extractable: false, usages: ['sign'] },
  };
}

/** What the X.509 library uses of WebCrypto. */
interface CardCrypto {
  subtle: {
    exportKey(): Promise<Buffer>;
    sign(algorithm: unknown, key: unknown, data: ArrayBuffer): Promise<Buffer>;
    digest: typeof webcrypto.subtle.digest;
  };
}

/** WebCrypto as far as it is used, carried out by the card's key. */
function cardCrypto(hash: HashName, signer: Signer): CardCrypto {
  const algorithm = certificateSignatureAlgorithm(signer.algorithm, hash);
  return {
    subtle: {
      exportKey: async () => spki(signer),
      sign: (_algorithm, _key, data) => signer.sign(algorithm, new Uint8Array(data)),
      digest: webcrypto.subtle.digest.bind(webcrypto.subtle),
    },
  };
}
