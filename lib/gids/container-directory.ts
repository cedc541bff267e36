import type { ContainerInfo, KeyAlgorithm, KeySpec } from '../backend/backend.js';
import { VirtualSmartCardError } from '../errors.js';
import { keyAlgorithmOf, publicKeyObject } from '../public-key.js';
import { algorithmId, keyAlgorithm } from './algorithm-id.js';
import type { CardFiles } from './card-files.js';
import type { PublicKey } from './card-state.js';
import type { GidsClient } from './client.js';
import { type ContainerMapRecord, decodeContainerMap, foldContainerName } from './container-map.js';
import { keyReferenceOf } from './file-ids.js';
import type { KeyReference } from './key-commands.js';
import { decodeKeyMap, type KeyMapRecord } from './key-map.js';

/** A container with a key that this library can use. */
export interface Container {
  index: number;
  name: string;
  isDefault: boolean;
  keySpec: KeySpec;
  algorithm: KeyAlgorithm;
  key: KeyReference;
  /** Whether the key decrypts, too; as far as the card tells. */
  decrypts: boolean;
  /** Read when first asked for. */
  publicKey: PublicKey | undefined;
  /** MANAGE SECURITY ENVIRONMENT commands by operation, made when first used. */
  signEnvironments: Map<number, Buffer>;
}

interface Snapshot {
  /** The channel's revision from before it was read. */
  revision: object | undefined;
  /** \cardcf at the time; undefined on a card that has none, whose snapshots cannot be kept. */
  counters: Buffer | undefined;
  containers: Container[];
  /** By folded name. */
  byName: Map<string, Container>;
}

/**
 * Which containers are on the card. What was read is kept while the channel's revision or the
 * card's own change counters (\cardcf) stay as they were, so that looking a container up costs no
 * command or a short one. Every host
 * advances them when it changes the card: a container that was deleted and made again under the
 * same name, by whomever, is looked up again and never taken for the old one.
 */
export class ContainerDirectory {
  readonly #client: GidsClient;
  readonly #files: CardFiles;
  #snapshot: Snapshot | undefined;

  constructor(client: GidsClient, files: CardFiles) {
    this.#client = client;
    this.#files = files;
  }

  /** Forgets what was read: the card was changed, or turned out to be other than thought. */
  forget(): void {
    this.#snapshot = undefined;
  }

  /** All containers, read from the card now. */
  async list(): Promise<readonly Container[]> {
    const { revision } = this.#client;
    this.#snapshot = await this.#read(revision, await this.#files.readCounters());
    return this.#snapshot.containers;
  }

  /**
   * @throws VirtualSmartCardError `ERR_CONTAINER_NOT_FOUND`
   */
  async find(name: string): Promise<Container> {
    const folded = foldContainerName(name);
    const { revision } = this.#client;
    if (revision && revision === this.#snapshot?.revision) {
      const container = this.#snapshot.byName.get(folded);
      if (container) return container;
    }
    const counters = await this.#files.readCounters();
    if (!revision && counters && this.#snapshot?.counters?.equals(counters)) {
      const container = this.#snapshot.byName.get(folded);
      if (container) return container;
    }
    this.#snapshot = await this.#read(revision, counters);
    const container = this.#snapshot.byName.get(folded);
    if (!container) throw containerNotFound(name);
    return container;
  }

  async publicKey(container: Container): Promise<PublicKey> {
    container.publicKey ??= await this.#client.keys.readPublicKey(container.key.reference);
    return container.publicKey;
  }

  /** The counters were read before: what changes meanwhile makes the next look-up read again. */
  async #read(revision: object | undefined, counters: Buffer | undefined): Promise<Snapshot> {
    const map = decodeContainerMap(await this.#files.readContainerMap());
    const keys = decodeKeyMap(await this.#files.readKeyMap());
    const containers: Container[] = [];
    for (const [index, record] of map.entries()) {
      const container = record && (await this.#container(index, record, keys[index]));
      if (container) containers.push(container);
    }
    const byName = new Map(containers.map((each) => [foldContainerName(each.name), each]));
    return { revision, counters, containers, byName };
  }

  /** undefined when the container has no key, or one of a kind that this library cannot use. */
  async #container(
    index: number,
    record: ContainerMapRecord,
    mapped: KeyMapRecord | undefined,
  ): Promise<Container | undefined> {
    const reference = mapped?.keyReference ?? keyReferenceOf(index);
    let publicKey: PublicKey | undefined;
    let algorithm = mapped && keyAlgorithm(mapped.algorithm);
    if (!mapped) {
      publicKey = await this.#publicKeyIfAny(reference);
      algorithm = publicKey && keyAlgorithmOf(publicKeyObject(publicKey));
    }
    if (!algorithm) return undefined;
    return {
      index,
      name: record.name,
      isDefault: record.isDefault,
      keySpec: record.keyExchangeBits > 0 ? 'keyExchange' : 'signature',
      algorithm,
      key: { reference, algorithm: algorithmId(algorithm) },
      decrypts: mapped?.usage !== 'sign',
      publicKey,
      signEnvironments: new Map(),
    };
  }

  async #publicKeyIfAny(reference: number): Promise<PublicKey | undefined> {
    try {
      return await this.#client.keys.readPublicKey(reference);
    } catch (error) {
      if (VirtualSmartCardError.is(error, 'ERR_CONTAINER_NOT_FOUND')) return undefined;
      throw error;
    }
  }
}

/** A container as the library shows it. */
export function containerInfo(container: Container, hasCertificate: boolean): ContainerInfo {
  const { name, index, isDefault, keySpec, algorithm } = container;
  return { name, index, isDefault, keySpec, algorithm, hasCertificate };
}

/** The one form of `ERR_CONTAINER_NOT_FOUND` for a name. */
export function containerNotFound(name: string): VirtualSmartCardError {
  const message = `The card has no container "${name}".`;
  return new VirtualSmartCardError('ERR_CONTAINER_NOT_FOUND', message);
}
