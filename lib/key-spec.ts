import { randomUUID } from 'node:crypto';
import { keyType } from './algorithms.js';
import { checkOptions, checkText, wordOption } from './arguments.js';
import type { ContainerInfo, KeyAlgorithm, KeySpec } from './backend/backend.js';
import { describeType, invalidArgument, VirtualSmartCardError } from './errors.js';
import type { PrivateKeyInput } from './key-import.js';

/** What a new key is made with. */
export interface CreateKeySpec {
  /** 1 to 39 characters without backslash; default: a random UUID. */
  container?: string | undefined;
  /** Default `RSA-2048`. Which there are depends on the TPM. */
  algorithm?: KeyAlgorithm | undefined;
  /** Windows' key specification; default `keyExchange` for RSA, `signature` for EC. */
  keySpec?: KeySpec | undefined;
}

/** What an imported key is kept under. */
export interface ImportKeySpec {
  /** RSA of 1024, 2048 or 3072 bits with exponent 65537, or EC on P-256 or P-384. */
  privateKey: PrivateKeyInput;
  /** 1 to 39 characters without backslash; default: a random UUID. */
  container?: string | undefined;
  /** Windows' key specification; default `keyExchange` for RSA, `signature` for EC. */
  keySpec?: KeySpec | undefined;
}

/** UTF-16 units that a name in the container map has room for. */
const MAX_CONTAINER_NAME_LENGTH = 39;

/** All key types, whichever the TPM has. */
export const KEY_ALGORITHMS = ['RSA-1024', 'RSA-2048', 'RSA-3072', 'EC-P256', 'EC-P384'] as const;
const KEY_SPECS = ['keyExchange', 'signature'] as const;

/** The checked specification of a new key, complete. */
export function checkedKeySpec(spec: CreateKeySpec) {
  checkOptions(spec, ['container', 'algorithm', 'keySpec'], 'the key');
  const name = newContainerName(spec.container);
  const algorithm = wordOption(spec.algorithm, 'algorithm', KEY_ALGORITHMS, 'RSA-2048');
  return { name, algorithm, keySpec: keySpecOption(spec.keySpec, algorithm) };
}

/** Windows' key specification, with what the key type suggests where it is left out. */
export function keySpecOption(value: unknown, algorithm: KeyAlgorithm): KeySpec {
  const otherwise = keyType(algorithm) === 'EC' ? 'signature' : 'keyExchange';
  return wordOption(value, 'keySpec', KEY_SPECS, otherwise);
}

/**
 * The name of a new container. Windows addresses keys as `\\\\.\\reader\\container`, so a backslash
 * would make a name that nobody there can open.
 */
export function newContainerName(container: unknown): string {
  if (container === undefined) return randomUUID();
  const name = checkText(container, 'container', MAX_CONTAINER_NAME_LENGTH);
  if (name.includes('\\')) {
    throw invalidArgument('container', 'a name without backslash', 'one with');
  }
  return name;
}

/** The name of a container that there may be; others may have made it with names of theirs. */
export function checkContainerName(container: unknown, parameter = 'container'): string {
  const expected = `a name of 1 to ${MAX_CONTAINER_NAME_LENGTH} characters`;
  if (typeof container !== 'string') {
    throw invalidArgument(parameter, expected, describeType(container));
  }
  if (container.length >= 1 && container.length <= MAX_CONTAINER_NAME_LENGTH) return container;
  throw invalidArgument(parameter, expected, `${container.length} characters`);
}

/**
 * The container of that name or, without a name, the only one there is.
 *
 * @throws VirtualSmartCardError `ERR_CONTAINER_NOT_FOUND`, `ERR_CONTAINER_AMBIGUOUS`
 */
export function selectContainer(
  containers: readonly ContainerInfo[],
  container: unknown,
): ContainerInfo {
  const wanted = container === undefined ? undefined : checkContainerName(container);
  const [found, ...others] = containers.filter(
    ({ name }) => wanted === undefined || name === wanted,
  );
  const names = containers.map(({ name }) => `"${name}"`).join(', ');
  if (!found) {
    const what = wanted === undefined ? 'no container' : `no container "${wanted}"`;
    const there = names === '' ? 'none; create a key first' : names;
    throw new VirtualSmartCardError(
      'ERR_CONTAINER_NOT_FOUND',
      `The card has ${what}. There are: ${there}.`,
    );
  }
  if (others.length === 0) return found;
  throw new VirtualSmartCardError(
    'ERR_CONTAINER_AMBIGUOUS',
    `The card has ${containers.length} containers; name one of ${names}.`,
  );
}
