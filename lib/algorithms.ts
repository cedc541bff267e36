import type {
  DecryptionScheme,
  HashName,
  KeyAlgorithm,
  SignatureScheme,
} from './backend/backend.js';
import { describeType, invalidArgument, VirtualSmartCardError } from './errors.js';

/**
 * How a key signs: RSASSA-PKCS1-v1_5 (`RSA-…`) and RSASSA-PSS with a salt as long as the hash
 * (`RSA-PSS-…`), both RFC 8017, or ECDSA (`ECDSA-…`, FIPS 186-5).
 */
export type SignatureAlgorithm = `${'RSA' | 'RSA-PSS' | 'ECDSA'}-${HashName}`;

/** How a ciphertext was made: RSAES-PKCS1-v1_5 or RSAES-OAEP with an empty label (RFC 8017). */
export type DecryptionAlgorithm = 'RSA-PKCS1' | `RSA-OAEP-${HashName}`;

/** What stands behind the name of a signature algorithm. */
export interface SignatureAlgorithmEntry {
  scheme: SignatureScheme;
  keyType: 'RSA' | 'EC';
  /** The hash as node:crypto names it. */
  hash: string;
  digestLength: number;
}

const DIGEST_LENGTHS: Record<HashName, number> = { SHA1: 20, SHA256: 32, SHA384: 48, SHA512: 64 };
const HASHES = Object.keys(DIGEST_LENGTHS) as HashName[];

const SIGNATURE_ALGORITHMS = new Map<string, SignatureAlgorithmEntry>(
  HASHES.flatMap((hash) => [
    entry(`RSA-${hash}`, 'RSA', { type: 'pkcs1', hash }),
    entry(`RSA-PSS-${hash}`, 'RSA', { type: 'pss', hash }),
    entry(`ECDSA-${hash}`, 'EC', { type: 'ecdsa', hash }),
  ]),
);

const DECRYPTION_ALGORITHMS = new Map<string, DecryptionScheme>([
  ['RSA-PKCS1', { type: 'pkcs1' }],
  ...HASHES.map((hash): [string, DecryptionScheme] => [`RSA-OAEP-${hash}`, { type: 'oaep', hash }]),
]);

/**
 * Names of all signature algorithms.
 *
 * @example
 * ```ts
 * const forThisKey = SIGNATURE_ALGORITHM_NAMES.filter((name) => name.startsWith('RSA') === isRsa);
 * ```
 */
export const SIGNATURE_ALGORITHM_NAMES: readonly SignatureAlgorithm[] = [
  ...SIGNATURE_ALGORITHMS.keys(),
] as SignatureAlgorithm[];

/**
 * Names of all decryption algorithms.
 *
 * @example `const isKnown = DECRYPTION_ALGORITHM_NAMES.some((name) => name === wanted);`
 */
export const DECRYPTION_ALGORITHM_NAMES: readonly DecryptionAlgorithm[] = [
  ...DECRYPTION_ALGORITHMS.keys(),
] as DecryptionAlgorithm[];

/**
 * The algorithm of that name, if the key can do it.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT` for no algorithm's name,
 * `ERR_ALGORITHM_NOT_SUPPORTED` for one that the key cannot do
 */
export function signatureAlgorithm(name: unknown, key: KeyAlgorithm): SignatureAlgorithmEntry {
  const found = SIGNATURE_ALGORITHMS.get(name as string);
  if (!found) throw unknownAlgorithm(name, SIGNATURE_ALGORITHM_NAMES);
  if (found.keyType !== keyType(key)) throw notForKey(String(name), key);
  if (found.scheme.type === 'pss') requireRoom(String(name), key, found.digestLength);
  return found;
}

/**
 * The decryption scheme of that name, if the key can do it.
 *
 * @throws VirtualSmartCardError as {@link signatureAlgorithm}
 */
export function decryptionScheme(name: unknown, key: KeyAlgorithm): DecryptionScheme {
  const found = DECRYPTION_ALGORITHMS.get(name as string);
  if (!found) throw unknownAlgorithm(name, DECRYPTION_ALGORITHM_NAMES);
  if (keyType(key) !== 'RSA') throw notForKey(String(name), key);
  if (found.type === 'oaep') requireRoom(String(name), key, DIGEST_LENGTHS[found.hash]);
  return found;
}

/** The signature algorithm that a certificate with that hash, of RSA with that padding, is signed by. */
export function certificateSignatureAlgorithm(
  key: KeyAlgorithm,
  hash: HashName,
  padding: 'pkcs1' | 'pss' = 'pkcs1',
): SignatureAlgorithm {
  if (keyType(key) === 'EC') return `ECDSA-${hash}`;
  return padding === 'pss' ? `RSA-PSS-${hash}` : `RSA-${hash}`;
}

/** The family of a key algorithm. */
export function keyType(algorithm: KeyAlgorithm): 'RSA' | 'EC' {
  return algorithm.startsWith('RSA') ? 'RSA' : 'EC';
}

function entry(name: string, type: 'RSA' | 'EC', scheme: SignatureScheme) {
  const { hash } = scheme;
  const value = {
    scheme: Object.freeze(scheme),
    keyType: type,
    hash: hash.toLowerCase(),
    digestLength: DIGEST_LENGTHS[hash],
  };
  return [name, Object.freeze(value)] as const;
}

function unknownAlgorithm(name: unknown, known: readonly string[]): VirtualSmartCardError {
  const actual = typeof name === 'string' ? `"${name.slice(0, 80)}"` : describeType(name);
  return invalidArgument('algorithm', `one of ${known.join(', ')}`, actual);
}

function notForKey(name: string, key: KeyAlgorithm): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_ALGORITHM_NOT_SUPPORTED',
    `The key is ${key}, which cannot do ${name}. Choose an algorithm for ${keyType(key)} keys.`,
    { parameter: 'algorithm', actual: name },
  );
}

/** PSS and OAEP need two hashes and two bytes within the modulus. */
function requireRoom(name: string, key: KeyAlgorithm, digestLength: number): void {
  const modulusLength = Number(key.slice('RSA-'.length)) / 8;
  if (modulusLength >= 2 * digestLength + 2) return;
  throw new VirtualSmartCardError(
    'ERR_ALGORITHM_NOT_SUPPORTED',
    `The key is ${key}, which is too short for ${name}. Choose a shorter hash.`,
    { parameter: 'algorithm', actual: name },
  );
}
