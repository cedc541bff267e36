import { checkSignal } from '../arguments.js';
import type { Completion, ContainerInfo, KeyAlgorithm, KeySpec } from '../backend/backend.js';
import { VirtualSmartCardError } from '../errors.js';
import { keyAlgorithmOf, publicKeyObject } from '../public-key.js';
import { algorithmId } from './algorithm-id.js';
import { attempt, tidy } from './attempt.js';
import type { CardFiles } from './card-files.js';
import type { PublicKey } from './card-state.js';
import type { CertificateStore } from './certificate-store.js';
import type { GidsClient } from './client.js';
import { type Container, containerNotFound } from './container-directory.js';
import {
  type ContainerMap,
  decodeContainerMap,
  foldContainerName,
  freeContainerIndex,
  withContainer,
  withDefault,
} from './container-map.js';
import { CONTAINER_LIMIT, keyReferenceOf } from './file-ids.js';
import type { KeyReference } from './key-commands.js';
import { decodeKeyMap, type KeyMap, withKey } from './key-map.js';
import { keyBits } from './public-key.js';
import { cardResponseError } from './status-error.js';

/** What a container is made of. */
export interface ContainerSpec {
  name: string;
  keySpec: KeySpec;
  algorithm: KeyAlgorithm;
}

/** What makes a container more than a name. */
export interface Filling {
  /** Puts the key pair into the key file. */
  fill: (key: KeyReference) => Promise<void>;
  /** As {@link Completion}, of the container as it will be. */
  complete?: ((container: Container) => ReturnType<Completion>) | undefined;
}

/**
 * Makes and deletes containers. Each is several writes, and a kill or a lost connection may come
 * between any two. Everyone finds containers by the container map, so its record decides whether a
 * container is there:
 *
 * - creating makes the key file, then the key, then the certificate where there is one, then the
 *   keymap's record, by which OpenSC lists keys, and last the container map's. What a creation that was
 *   cut short left belongs to an index without a container: the next creation gets that index first and
 *   replaces it.
 * - deleting takes the container map's record away first, then deletes the key, then certificate
 *   and keymap record. What is left of it is removed the same way.
 *
 * The change counters follow the container map: a host that misses them by a kill finds a deleted
 * key missing, and re-reads the map for a name that it does not know.
 */
export class ContainerChanges {
  readonly #client: GidsClient;
  readonly #files: CardFiles;
  readonly #certificates: CertificateStore;

  constructor(client: GidsClient, files: CardFiles, certificates: CertificateStore) {
    this.#client = client;
    this.#files = files;
    this.#certificates = certificates;
  }

  /**
   * @throws VirtualSmartCardError `ERR_CONTAINER_EXISTS`, `ERR_CONTAINER_LIMIT`
   */
  async create(
    spec: ContainerSpec,
    { fill, complete }: Filling,
    signal: AbortSignal | undefined,
  ): Promise<ContainerInfo> {
    const mapBytes = await this.#files.readContainerMap();
    const keyMapBytes = await this.#files.readKeyMap();
    const map = decodeContainerMap(mapBytes);
    const isDefault = !map.some((each) => each?.isDefault);
    const index = newIndex(map, spec.name);
    const reference = newKeyReference(index, map, decodeKeyMap(keyMapBytes));
    const key = { reference, algorithm: algorithmId(spec.algorithm) };
    const usage = spec.keySpec === 'signature' ? 'sign' : 'signAndDecrypt';
    await this.#certificates.deleteAllOf(index);
    const hasCertificate = await attempt(async (undo) => {
      checkSignal(signal);
      undo(() => this.#client.keys.deleteFile(reference));
      await this.#client.keys.createFile(key, usage);
      checkSignal(signal);
      await fill(key);
      const publicKey = await this.#client.keys.readPublicKey(reference);
      requireAlgorithm(publicKey, spec.algorithm);
      checkSignal(signal);
      const container = { ...spec, index, isDefault, key, decrypts: usage !== 'sign', publicKey };
      const certificate = await complete?.({ ...container, signEnvironments: new Map() });
      checkSignal(signal);
      if (certificate) {
        undo(() => this.#certificates.deleteAllOf(index));
        await this.#certificates.store(container, certificate);
        checkSignal(signal);
      }
      undo(() => this.#files.writeKeyMap(withKey(keyMapBytes, index, undefined)));
      await this.#files.writeKeyMap(
        withKey(keyMapBytes, index, { ...key, keyReference: reference, usage }),
      );
      checkSignal(signal);
      const bits = keyBits(publicKey);
      const record = {
        name: spec.name,
        isDefault,
        signatureBits: spec.keySpec === 'signature' ? bits : 0,
        keyExchangeBits: spec.keySpec === 'keyExchange' ? bits : 0,
      };
      undo(() => this.#files.writeContainerMap(withContainer(mapBytes, index, undefined)));
      await this.#files.writeContainerMap(withContainer(mapBytes, index, record));
      await this.#files.advanceCounters('containers');
      return certificate !== undefined;
    });
    // Nothing is read for the answer: that could fail when the container is there already.
    return { ...spec, index, isDefault, hasCertificate };
  }

  /**
   * When the default container goes, the first one left becomes the default.
   *
   * @throws VirtualSmartCardError `ERR_CONTAINER_NOT_FOUND`
   */
  async delete(name: string, signal: AbortSignal | undefined): Promise<void> {
    const mapBytes = await this.#files.readContainerMap();
    const keyMapBytes = await this.#files.readKeyMap();
    const map = decodeContainerMap(mapBytes);
    const index = indexOf(map, name);
    if (index < 0) throw containerNotFound(name);
    const reference = decodeKeyMap(keyMapBytes)[index]?.keyReference ?? keyReferenceOf(index);
    let changed = withContainer(mapBytes, index, undefined);
    if (map[index]?.isDefault) {
      const next = map.findIndex((record, at) => record !== undefined && at !== index);
      if (next >= 0) changed = withDefault(changed, next);
    }
    await attempt(async (undo) => {
      checkSignal(signal);
      undo(async () => {
        await this.#files.writeContainerMap(mapBytes);
        await this.#files.advanceCounters('containers');
      });
      await this.#files.writeContainerMap(changed);
      await this.#files.advanceCounters('containers');
      checkSignal(signal);
      await this.#deleteKey(reference);
    });
    await tidy(async () => {
      await this.#certificates.deleteAllOf(index);
      await this.#files.writeKeyMap(withKey(keyMapBytes, index, undefined));
    });
  }

  /** @throws VirtualSmartCardError `ERR_CONTAINER_NOT_FOUND` */
  async setDefault(name: string): Promise<void> {
    const mapBytes = await this.#files.readContainerMap();
    const index = indexOf(decodeContainerMap(mapBytes), name);
    if (index < 0) throw containerNotFound(name);
    await attempt(async (undo) => {
      undo(() => this.#files.writeContainerMap(mapBytes));
      await this.#files.writeContainerMap(withDefault(mapBytes, index));
      await this.#files.advanceCounters('containers');
    });
  }

  /** A deletion whose answer was lost has succeeded all the same: then there is no way back. */
  async #deleteKey(reference: number): Promise<void> {
    try {
      await this.#client.keys.deleteFile(reference);
    } catch (error) {
      if (await this.#isKeyThere(reference)) throw error;
    }
  }

  async #isKeyThere(reference: number): Promise<boolean> {
    try {
      await this.#client.keys.readPublicKey(reference);
      return true;
    } catch (error) {
      return !VirtualSmartCardError.is(error, 'ERR_CONTAINER_NOT_FOUND');
    }
  }
}

function newIndex(map: ContainerMap, name: string): number {
  if (indexOf(map, name) >= 0) {
    const message = `The card already has a container "${name}".`;
    throw new VirtualSmartCardError('ERR_CONTAINER_EXISTS', message);
  }
  const index = freeContainerIndex(map);
  if (index === undefined) {
    const message = `The card holds ${CONTAINER_LIMIT} containers. Delete one first.`;
    throw new VirtualSmartCardError('ERR_CONTAINER_LIMIT', message);
  }
  return index;
}

function indexOf(map: ContainerMap, name: string): number {
  const folded = foldContainerName(name);
  return map.findIndex((record) => record && foldContainerName(record.name) === folded);
}

/**
 * The reference that the keymap still has for the index, from a key that was left over and is now
 * replaced; else the index's own one, unless another host gave it to the key of another container.
 */
function newKeyReference(index: number, map: ContainerMap, keys: KeyMap): number {
  const taken = new Set(
    map.map((record, at) => record && (keys[at]?.keyReference ?? keyReferenceOf(at))),
  );
  const all = Array.from({ length: CONTAINER_LIMIT }, (_, at) => keyReferenceOf(at));
  const left = keys[index]?.keyReference;
  const preferred = [left, keyReferenceOf(index), ...all].filter((each) => each !== undefined);
  const free = preferred.find((each) => all.includes(each) && !taken.has(each));
  if (free === undefined) throw cardResponseError('all its key references are taken');
  return free;
}

function requireAlgorithm(publicKey: PublicKey, algorithm: KeyAlgorithm): void {
  const made = keyAlgorithmOf(publicKeyObject(publicKey));
  if (made !== algorithm) throw cardResponseError(`it made a key that is not ${algorithm}`);
}
