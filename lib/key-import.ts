import { createPrivateKey, createPublicKey, KeyObject } from 'node:crypto';
import { checkOptions } from './arguments.js';
import type { CardConnection, ContainerInfo, KeyAlgorithm } from './backend/backend.js';
import { type PinOptions, withCheckedPin } from './credentials.js';
import { describeType, invalidArgument, VirtualSmartCardError } from './errors.js';
import { type ImportKeySpec, keySpecOption, newContainerName } from './key-spec.js';
import { keyAlgorithmOf } from './public-key.js';
import { allocateSecret, wipe } from './secret.js';

/** A private key to be brought to a card: PKCS#8 as DER or PEM, or node:crypto's. */
export type PrivateKeyInput = Uint8Array | string | KeyObject;

/** Brings a key to a card, in a new container. */
export async function importKeyTo(
  connection: CardConnection,
  spec: ImportKeySpec,
  options: PinOptions,
): Promise<ContainerInfo> {
  checkOptions(spec, ['privateKey', 'container', 'keySpec'], 'the key');
  const name = newContainerName(spec.container);
  const { pkcs8: privateKey, algorithm } = readPrivateKey(spec.privateKey);
  try {
    const keySpec = keySpecOption(spec.keySpec, algorithm);
    return await withCheckedPin(options, (pin) =>
      connection.importContainer({ name, privateKey, keySpec }, pin),
    );
  } finally {
    wipe(privateKey);
  }
}

/**
 * A private key that a card can hold, as PKCS#8 DER, which the caller wipes.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`, `ERR_ALGORITHM_NOT_SUPPORTED`
 */
function readPrivateKey(input: PrivateKeyInput): { pkcs8: Buffer; algorithm: KeyAlgorithm } {
  const key = parse(input);
  const algorithm = keyAlgorithmOf(key);
  if (algorithm === undefined) {
    throw new VirtualSmartCardError(
      'ERR_ALGORITHM_NOT_SUPPORTED',
      'A card holds RSA keys of 1024, 2048 or 3072 bits with exponent 65537, and EC keys on P-256 or P-384.',
      { parameter: 'privateKey', actual: `another ${key.asymmetricKeyType} key` },
    );
  }
  const exported = key.export({ type: 'pkcs8', format: 'der' });
  const pkcs8 = allocateSecret(exported.length);
  pkcs8.set(exported);
  wipe(exported);
  return { pkcs8, algorithm };
}

/**
 * The public half of a private key.
 *
 * @param pkcs8 - DER
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 */
export function publicKeyOfPkcs8(pkcs8: Uint8Array): KeyObject {
  return createPublicKey(parse(pkcs8));
}

function parse(input: PrivateKeyInput): KeyObject {
  const expected = 'an unencrypted private key: PKCS#8 as DER or PEM, or a KeyObject,';
  if (input instanceof KeyObject) {
    if (input.type === 'private') return input;
    throw invalidArgument('privateKey', expected, `a ${input.type} key`);
  }
  if (typeof input !== 'string' && !(input instanceof Uint8Array)) {
    throw invalidArgument('privateKey', expected, describeType(input));
  }
  try {
    if (typeof input === 'string') return createPrivateKey({ key: input, format: 'pem' });
    const key = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
    return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  } catch {
    // The cause is left out: OpenSSL's text may tell of the key's content.
    throw invalidArgument('privateKey', expected, 'something that OpenSSL cannot read as one');
  }
}
