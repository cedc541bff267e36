import { type KeyObject, webcrypto } from 'node:crypto';
import { type SignatureAlgorithm, signatureAlgorithm } from '../algorithms.js';
import type { KeyAlgorithm } from '../backend/backend.js';

/** The key to be certified: its public half, and how to have the card sign with the other. */
export interface Signer {
  algorithm: KeyAlgorithm;
  publicKey: KeyObject;
  /** ECDSA signatures as r ‖ s. */
  sign: (algorithm: SignatureAlgorithm, data: Uint8Array) => Promise<Buffer>;
}

/** DER of the public key, a SubjectPublicKeyInfo. */
export function spkiOf({ publicKey }: Signer): Buffer {
  return publicKey.export({ type: 'spki', format: 'der' });
}

/** A signature algorithm as WebCrypto names it, which is how the X.509 library takes it. */
export function webAlgorithm(name: SignatureAlgorithm, key: KeyAlgorithm) {
  const { scheme, digestLength } = signatureAlgorithm(name, key);
  const hash = scheme.hash.replace('SHA', 'SHA-');
  if (scheme.type === 'pkcs1') return { name: 'RSASSA-PKCS1-v1_5', hash };
  if (scheme.type === 'pss') return { name: 'RSA-PSS', hash, saltLength: digestLength };
  return { name: 'ECDSA', hash, namedCurve: key === 'EC-P256' ? 'P-256' : 'P-384' };
}

/**
 * Stand-ins for CryptoKeys. The X.509 library reads their algorithm and hands them back to the
 * Crypto below, which knows of one key only.
 */
export function cardKeys(name: SignatureAlgorithm, signer: Signer) {
  const common = { algorithm: webAlgorithm(name, signer.algorithm) };
  return {
    publicKey: { ...common, type: 'public', extractable: true, usages: ['verify'] },
    privateKey: { ...common, type: 'private', extractable: false, usages: ['sign'] },
  };
}

/** What the X.509 library uses of WebCrypto. */
export interface CardCrypto {
  subtle: {
    exportKey(): Promise<Buffer>;
    sign(algorithm: unknown, key: unknown, data: ArrayBuffer): Promise<Buffer>;
    digest: typeof webcrypto.subtle.digest;
  };
}

/** WebCrypto as far as it is used, carried out by the card's key. */
export function cardCrypto(name: SignatureAlgorithm, signer: Signer): CardCrypto {
  return {
    subtle: {
      exportKey: async () => spkiOf(signer),
      sign: (_algorithm, _key, data) => signer.sign(name, new Uint8Array(data)),
      digest: webcrypto.subtle.digest.bind(webcrypto.subtle),
    },
  };
}
