import type { webcrypto } from 'node:crypto';
import {
  type DecryptionAlgorithm,
  decryptionScheme,
  keyType,
  type SignatureAlgorithm,
  signatureAlgorithm,
} from '../algorithms.js';
import { checkOptions } from '../arguments.js';
import type { HashName, KeyAlgorithm } from '../backend/backend.js';
import { describeType, invalidArgument, VirtualSmartCardError } from '../errors.js';

/** What a key is to be used for, as WebCrypto names it (Web Cryptography API, sections 20 to 23). */
export interface CardKeyAlgorithm {
  /** RSA keys: one of the first three, default `RSASSA-PKCS1-v1_5`. EC keys: `ECDSA`. */
  name: 'RSASSA-PKCS1-v1_5' | 'RSA-PSS' | 'RSA-OAEP' | 'ECDSA';
  /** RSA keys: the hash, default SHA-256. ECDSA is told it with each signature. */
  hash?: WebHash | { name: WebHash } | undefined;
}

/** A hash function as WebCrypto names it. */
export type WebHash = 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512';

const HASHES: Readonly<Record<WebHash, { hash: HashName; length: number }>> = {
  'SHA-1': { hash: 'SHA1', length: 20 },
  'SHA-256': { hash: 'SHA256', length: 32 },
  'SHA-384': { hash: 'SHA384', length: 48 },
  'SHA-512': { hash: 'SHA512', length: 64 },
};
const RSA_NAMES = ['RSASSA-PKCS1-v1_5', 'RSA-PSS', 'RSA-OAEP'] as const;

/** What a card's key is bound to once it is a CryptoKey. */
export type BoundAlgorithm = RsaAlgorithm | { name: 'ECDSA'; namedCurve: 'P-256' | 'P-384' };

interface RsaAlgorithm {
  name: (typeof RSA_NAMES)[number];
  hash: WebHash;
}

/**
 * The algorithm to bind a key to, with what was left out filled in.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`, `ERR_ALGORITHM_NOT_SUPPORTED`
 */
export function boundAlgorithm(
  algorithm: CardKeyAlgorithm | undefined,
  key: KeyAlgorithm,
): BoundAlgorithm {
  const isRsa = keyType(key) === 'RSA';
  const { name, hash } = algorithm ?? { name: isRsa ? 'RSASSA-PKCS1-v1_5' : 'ECDSA' };
  if (algorithm !== undefined) checkOptions(algorithm, ['name', 'hash'], 'algorithm');
  if (name === 'ECDSA') {
    if (hash !== undefined) {
      throw invalidArgument('algorithm.hash', 'none for ECDSA', describeType(hash));
    }
    if (isRsa) throw notForKey(name, key);
    return { name, namedCurve: key === 'EC-P256' ? 'P-256' : 'P-384' };
  }
  if (!RSA_NAMES.includes(name)) {
    const expected = `one of ${RSA_NAMES.join(', ')}, ECDSA`;
    throw invalidArgument('algorithm.name', expected, quoted(name));
  }
  if (!isRsa) throw notForKey(name, key);
  const bound = { name, hash: webHash(hash ?? 'SHA-256', 'algorithm.hash') };
  requireUsable(bound, key);
  return bound;
}

/**
 * How the card is to sign: what the key is bound to, and what the call says of it.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT` where the two contradict each other,
 * `ERR_ALGORITHM_NOT_SUPPORTED` for a salt of another length than the hash
 */
export function signatureAlgorithmOf(
  bound: BoundAlgorithm,
  asked: webcrypto.AlgorithmIdentifier,
): SignatureAlgorithm {
  const params = paramsOf(bound, asked);
  if (bound.name === 'ECDSA') {
    return `ECDSA-${HASHES[webHash(params['hash'], 'algorithm.hash')].hash}`;
  }
  // A signature by another hash than the caller names would be a surprise to find out later.
  if (params['hash'] !== undefined && webHash(params['hash'], 'algorithm.hash') !== bound.hash) {
    throw invalidArgument('algorithm.hash', `the key's own, ${bound.hash}`, 'another one');
  }
  const { length } = HASHES[bound.hash];
  if (bound.name === 'RSA-PSS' && params['saltLength'] !== length) {
    const text = `A card's PSS salt is as long as the hash: ask for saltLength ${length}.`;
    const actual = quoted(params['saltLength']);
    const details = { parameter: 'algorithm.saltLength', expected: String(length), actual };
    throw new VirtualSmartCardError('ERR_ALGORITHM_NOT_SUPPORTED', text, details);
  }
  return signatureName(bound);
}

/**
 * How the card is to decrypt.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`, `ERR_ALGORITHM_NOT_SUPPORTED` for a label
 */
export function decryptionAlgorithmOf(
  bound: BoundAlgorithm,
  asked: webcrypto.AlgorithmIdentifier,
): DecryptionAlgorithm {
  const { label } = paramsOf(bound, asked) as { label?: webcrypto.BufferSource };
  if (bound.name === 'ECDSA') {
    throw invalidArgument('key', 'a key made to decrypt', 'one for ECDSA');
  }
  if (label !== undefined && label?.byteLength !== 0) {
    const text = 'A card decrypts RSA-OAEP with an empty label only.';
    const details = { parameter: 'algorithm.label', expected: 'an empty label' };
    throw new VirtualSmartCardError('ERR_ALGORITHM_NOT_SUPPORTED', text, details);
  }
  return decryptionName(bound);
}

/** PSS and OAEP by a long hash need a long key; that is to be known before the first signature. */
function requireUsable(bound: RsaAlgorithm, key: KeyAlgorithm): void {
  if (bound.name === 'RSA-OAEP') decryptionScheme(decryptionName(bound), key);
  else signatureAlgorithm(signatureName(bound), key);
}

function signatureName({ name, hash }: RsaAlgorithm): SignatureAlgorithm {
  return `${name === 'RSA-PSS' ? 'RSA-PSS' : 'RSA'}-${HASHES[hash].hash}`;
}

function decryptionName({ hash }: RsaAlgorithm): DecryptionAlgorithm {
  return `RSA-OAEP-${HASHES[hash].hash}`;
}

/** The call's own parameters, once it names the key's algorithm; names are without case there. */
function paramsOf(bound: BoundAlgorithm, asked: unknown): Record<string, unknown> {
  const params = (typeof asked === 'string' ? { name: asked } : asked) as Record<string, unknown>;
  const name = params?.['name'];
  if (typeof name === 'string' && name.toUpperCase() === bound.name.toUpperCase()) return params;
  throw invalidArgument('algorithm.name', `the key's own, ${bound.name}`, quoted(name));
}

function webHash(hash: unknown, parameter: string): WebHash {
  const name = typeof hash === 'object' && hash !== null && 'name' in hash ? hash.name : hash;
  const upper = typeof name === 'string' ? name.toUpperCase() : '';
  if (Object.hasOwn(HASHES, upper)) return upper as WebHash;
  throw invalidArgument(parameter, `one of ${Object.keys(HASHES).join(', ')}`, quoted(name));
}

function notForKey(name: string, key: KeyAlgorithm): VirtualSmartCardError {
  const text = `The key is ${key}, which cannot do ${name}.`;
  const details = { parameter: 'algorithm', actual: name };
  return new VirtualSmartCardError('ERR_ALGORITHM_NOT_SUPPORTED', text, details);
}

function quoted(value: unknown): string {
  if (typeof value === 'number' || value === undefined) return String(value);
  return typeof value === 'string' ? `"${value.slice(0, 80)}"` : describeType(value);
}
