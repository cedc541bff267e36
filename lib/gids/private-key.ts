import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { KeyAlgorithm } from '../backend/backend.js';
import { describeType, invalidArgument, VirtualSmartCardError } from '../errors.js';
import { keyAlgorithmOf } from '../public-key.js';

/** A private key to be imported, in the form in which a card takes it. */
export interface CardPrivateKey {
  algorithm: KeyAlgorithm;
  /** RSAPrivateKey (RFC 8017) or ECPrivateKey (RFC 5915), DER. Who holds it wipes it. */
  der: Buffer;
  publicKey: KeyObject;
}

/**
 * @param privateKey - PKCS#8 DER (PrivateKeyInfo, RFC 5958), not encrypted
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`, `ERR_ALGORITHM_NOT_SUPPORTED`
 */
export function toCardPrivateKey(privateKey: Uint8Array): CardPrivateKey {
  const key = parse(privateKey);
  const algorithm = keyAlgorithmOf(key);
  if (!algorithm) {
    const message = `A card takes no such ${key.asymmetricKeyType} key.`;
    throw new VirtualSmartCardError('ERR_ALGORITHM_NOT_SUPPORTED', message);
  }
  const type = key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'sec1';
  const der = key.export({ format: 'der', type });
  return { algorithm, der, publicKey: createPublicKey(key) };
}

function parse(privateKey: Uint8Array): KeyObject {
  const expected = 'an unencrypted private key, PKCS#8 DER';
  if (!(privateKey instanceof Uint8Array)) {
    throw invalidArgument('privateKey', expected, describeType(privateKey));
  }
  const view = Buffer.from(privateKey.buffer, privateKey.byteOffset, privateKey.length);
  try {
    return createPrivateKey({ key: view, format: 'der', type: 'pkcs8' });
  } catch {
    // OpenSSL's own text may tell of the key's content.
    throw invalidArgument('privateKey', expected, `${privateKey.length} bytes that are none`);
  }
}
