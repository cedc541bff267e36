import type { DecryptionScheme, HashName, SignatureScheme } from '../backend/backend.js';
import { describeType, invalidArgument, VirtualSmartCardError } from '../errors.js';
import { wipe } from '../secret.js';
import { keyType, Operation } from './algorithm-id.js';
import type { PublicKey } from './card-state.js';
import type { GidsClient } from './client.js';
import type { Container } from './container-directory.js';
import { decryptEnvironment, signEnvironment } from './key-commands.js';
import { DIGEST_LENGTHS, decodeOaep, encodeDigestInfo, encodePss } from './rsa-padding.js';
import { cardResponseError } from './status-error.js';

/**
 * Checks what needs no card.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 */
export function checkDigest(scheme: SignatureScheme, digest: Uint8Array): void {
  if (!['pkcs1', 'pss', 'ecdsa'].includes(scheme?.type)) {
    throw invalidArgument('scheme.type', "'pkcs1', 'pss' or 'ecdsa'", String(scheme?.type));
  }
  const length = digestLength(scheme.hash);
  if (!(digest instanceof Uint8Array) || digest.length !== length) {
    throw invalidArgument('digest', `${length} bytes of ${scheme.hash}`, describeType(digest));
  }
}

/**
 * Checks what needs no card.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 */
export function checkCiphertext(scheme: DecryptionScheme, ciphertext: Uint8Array): void {
  if (scheme?.type !== 'pkcs1' && scheme?.type !== 'oaep') {
    const actual = String((scheme as DecryptionScheme | undefined)?.type);
    throw invalidArgument('scheme.type', "'pkcs1' or 'oaep'", actual);
  }
  if (scheme.type === 'oaep') digestLength(scheme.hash);
  if (!(ciphertext instanceof Uint8Array)) {
    throw invalidArgument('ciphertext', 'bytes', describeType(ciphertext));
  }
}

/**
 * Signs a digest: MANAGE SECURITY ENVIRONMENT, PERFORM SECURITY OPERATION. The card makes PKCS#1
 * v1.5 padding, PSS padding is made here.
 *
 * @throws VirtualSmartCardError `ERR_ALGORITHM_NOT_SUPPORTED`
 */
export async function signWithKey(
  client: GidsClient,
  container: Container,
  scheme: SignatureScheme,
  digest: Uint8Array,
): Promise<Buffer> {
  const type = keyType(container.key.algorithm);
  if (!type || (scheme.type === 'ecdsa') !== (type.type === 'ec')) {
    throw notForKey(container, scheme.type.toUpperCase());
  }
  const operation = scheme.type === 'pkcs1' ? Operation.PKCS1_SIGN : Operation.RAW_SIGN;
  let environment = container.signEnvironments.get(operation);
  if (!environment) {
    environment = signEnvironment(container.key, operation);
    container.signEnvironments.set(operation, environment);
  }
  let input: Uint8Array | undefined = digest;
  if (scheme.type === 'pkcs1') input = encodeDigestInfo(digest, scheme.hash);
  if (scheme.type === 'pss' && type.type === 'rsa') {
    input = encodePss(digest, scheme.hash, type.modulusBits);
  }
  if (!input) throw notForKey(container, `PSS with ${scheme.hash}`);
  return client.keys.sign(environment, input);
}

/**
 * Decrypts: the card takes PKCS#1 v1.5 padding off, OAEP padding is taken off here. Whatever is
 * wrong with a ciphertext, the error is the same.
 *
 * @throws VirtualSmartCardError `ERR_ALGORITHM_NOT_SUPPORTED`, `ERR_DECRYPTION_FAILED`
 */
export async function decryptWithKey(
  client: GidsClient,
  container: Container,
  publicKey: PublicKey,
  scheme: DecryptionScheme,
  ciphertext: Uint8Array,
): Promise<Buffer> {
  const type = keyType(container.key.algorithm);
  if (type?.type !== 'rsa') throw notForKey(container, 'decryption');
  if (!container.decrypts)
    throw notForKey(container, 'decryption: it was made for signatures only');
  if (!isBelowModulus(ciphertext, publicKey)) throw decryptionFailed();
  if (scheme.type === 'pkcs1') {
    const environment = decryptEnvironment(container.key, Operation.PKCS1_DECRYPT);
    return client.keys.decrypt(environment, ciphertext);
  }
  const environment = decryptEnvironment(container.key, Operation.RAW);
  const block = await client.keys.decrypt(environment, ciphertext);
  try {
    if (block.length !== ciphertext.length) {
      throw cardResponseError(`a decrypted block has ${block.length} bytes`);
    }
    const message = decodeOaep(block, scheme.hash);
    if (!message) throw decryptionFailed();
    return message;
  } finally {
    wipe(block);
  }
}

/** Whether RSA's private operation is defined for the block (RFC 8017, 5.1.2, step 1). */
export function isBelowModulus(block: Uint8Array, publicKey: PublicKey): boolean {
  if (publicKey.type !== 'rsa' || block.length !== publicKey.modulus.length) return false;
  return Buffer.compare(block, publicKey.modulus) < 0;
}

function digestLength(hash: HashName): number {
  const length = Object.hasOwn(DIGEST_LENGTHS, hash) ? DIGEST_LENGTHS[hash] : undefined;
  if (length !== undefined) return length;
  const expected = `one of ${Object.keys(DIGEST_LENGTHS).join(', ')}`;
  throw invalidArgument('scheme.hash', expected, String(hash).slice(0, 40));
}

function notForKey({ name, algorithm }: Container, what: string): VirtualSmartCardError {
  const message = `The key of container "${name}" is ${algorithm}, which cannot do ${what}.`;
  return new VirtualSmartCardError('ERR_ALGORITHM_NOT_SUPPORTED', message);
}

function decryptionFailed(): VirtualSmartCardError {
  const message = 'The ciphertext does not belong to the key, or is damaged.';
  return new VirtualSmartCardError('ERR_DECRYPTION_FAILED', message);
}
