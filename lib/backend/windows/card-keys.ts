import { checkSignal } from '../../arguments.js';
import { VirtualSmartCardError } from '../../errors.js';
import type { GidsCardConnection } from '../../gids/card-connection.js';
import type { PublicKey } from '../../gids/card-state.js';
import { foldContainerName } from '../../gids/container-map.js';
import { keyAlgorithmOf, publicKeyObject } from '../../public-key.js';
import { undoAndThrow } from '../../undo.js';
import type { ContainerInfo, DecryptionScheme, NewContainer, SignatureScheme } from '../backend.js';
import { isPinText } from './held-pin.js';
import type { KeyRoute, KeyRoutes } from './key-routes.js';
import { requireDecrypts, requireSigns } from './key-uses.js';
import type { ProviderKeys } from './provider-keys.js';
import type { WaysTaken } from './ways-taken.js';

/** The PIN of one call. */
export interface KnownPin {
  pin: Uint8Array;
  signal: AbortSignal | undefined;
}

/** What shows that what is known of a container is wrong. */
const OTHER_THAN_KNOWN = ['ERR_CONTAINER_NOT_FOUND', 'ERR_ALGORITHM_NOT_SUPPORTED'] as const;

/**
 * A card's containers and keys, by Windows' providers where they list them. What no provider lists, and
 * a PIN that they do not take, goes to the card by its own commands. Calls must not overlap.
 */
export class CardKeys {
  readonly #gids: GidsCardConnection;
  readonly #providers: ProviderKeys;
  readonly #routes: KeyRoutes;
  readonly #ways: WaysTaken;

  constructor(
    gids: GidsCardConnection,
    providers: ProviderKeys,
    routes: KeyRoutes,
    ways: WaysTaken,
  ) {
    this.#gids = gids;
    this.#providers = providers;
    this.#routes = routes;
    this.#ways = ways;
  }

  /** Those of the card's files, then those that only a provider lists. */
  async containers(): Promise<ContainerInfo[]> {
    const containers = await this.#gids.containers();
    const known = new Set(containers.map(({ name }) => foldContainerName(name)));
    for (const route of await this.#routes.list()) {
      if (known.has(foldContainerName(route.container))) continue;
      const info = await this.#describe(route);
      if (info) containers.push(info);
    }
    return containers;
  }

  /** An abort waits for the key and deletes it: a key that was begun cannot be stopped. */
  async create(spec: NewContainer, { pin, signal }: KnownPin): Promise<ContainerInfo> {
    const { name, algorithm, keySpec, provider = 'ksp' } = spec;
    if (provider === 'csp' && algorithm.startsWith('EC')) throw rsaOnly();
    await this.#requireFree(name);
    checkSignal(signal);
    if (!isPinText(pin)) {
      this.#ways.took('keys', undefined);
      return this.#gids.createContainer({ name, algorithm, keySpec }, { pin, signal });
    }
    await this.#routes.requireCard();
    this.#routes.forget(name);
    const key = { provider, container: name };
    this.#ways.took('keys', provider);
    await this.#providers.create({ ...key, algorithm, keySpec }, pin);
    try {
      checkSignal(signal);
      const info = (await this.#infoOnCard(name)) ?? {
        ...{ name, algorithm, keySpec, index: undefined },
        ...{ isDefault: false, hasCertificate: false },
      };
      if (info.algorithm !== algorithm) throw otherAlgorithm(algorithm);
      this.#routes.madeBy(name, provider);
      return info;
    } catch (reason) {
      const left = `The new key is still on the card; delete container "${name}" yourself.`;
      return undoAndThrow(reason, left, () => this.#providers.delete(key, pin));
    }
  }

  async delete(name: string, { pin, signal }: KnownPin): Promise<void> {
    await this.#reach(name, pin, async (route) => {
      checkSignal(signal);
      if (route) {
        await this.#providers.delete(route, pin);
      } else {
        // A wrong name costs no try at the PIN.
        await this.#gids.container(name);
        await this.#gids.deleteContainer(name, { pin, signal });
      }
    });
    this.#routes.forget(name);
    this.#routes.madeBy(name, undefined);
  }

  /** Read from the card now. */
  async publicKey(name: string): Promise<PublicKey> {
    const route = await this.#routes.find(name);
    if (!route) return this.#gids.publicKey(name);
    route.publicKey = undefined;
    return this.#watch(name, () => this.#routes.publicKey(route));
  }

  async sign(
    name: string,
    scheme: SignatureScheme,
    digest: Uint8Array,
    known: KnownPin,
  ): Promise<Buffer> {
    return this.#reach(name, known.pin, async (route) => {
      if (!route) return this.#gids.signDigest(name, scheme, digest, known);
      requireSigns(route, await this.#routes.publicKey(route), scheme);
      return this.#providers.sign(route, scheme, digest, known);
    });
  }

  async decrypt(
    name: string,
    scheme: DecryptionScheme,
    ciphertext: Uint8Array,
    known: KnownPin,
  ): Promise<Buffer> {
    return this.#reach(name, known.pin, async (route) => {
      if (!route) return this.#gids.decrypt(name, scheme, ciphertext, known);
      requireDecrypts(route, await this.#routes.publicKey(route), scheme, ciphertext);
      return this.#providers.decrypt(route, scheme, ciphertext, known);
    });
  }

  /** `use` gets the way to the key; undefined where only the card's own commands lead there. */
  async #reach<T>(
    name: string,
    pin: Uint8Array,
    use: (route: KeyRoute | undefined) => Promise<T>,
  ): Promise<T> {
    const route = isPinText(pin) ? await this.#routes.find(name) : undefined;
    return this.#watch(name, () => {
      this.#ways.took('keys', route?.provider);
      return use(route);
    });
  }

  async #watch<T>(name: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (OTHER_THAN_KNOWN.some((code) => VirtualSmartCardError.is(error, code))) {
        this.#routes.forget(name);
      }
      throw error;
    }
  }

  /** Before the PIN is tried. */
  async #requireFree(name: string): Promise<void> {
    if (!(await this.#infoOnCard(name))) return;
    const message = `The card already has a container "${name}".`;
    throw new VirtualSmartCardError('ERR_CONTAINER_EXISTS', message);
  }

  async #infoOnCard(name: string): Promise<ContainerInfo | undefined> {
    try {
      return await this.#gids.container(name);
    } catch (error) {
      if (VirtualSmartCardError.is(error, 'ERR_CONTAINER_NOT_FOUND')) return undefined;
      throw error;
    }
  }

  /** undefined for a key of a kind that this library cannot use. */
  async #describe(route: KeyRoute): Promise<ContainerInfo | undefined> {
    let key: PublicKey;
    try {
      key = await this.#routes.publicKey(route);
    } catch (error) {
      if (OTHER_THAN_KNOWN.some((code) => VirtualSmartCardError.is(error, code))) return undefined;
      throw error;
    }
    const algorithm = keyAlgorithmOf(publicKeyObject(key));
    if (!algorithm) return undefined;
    return {
      name: route.container,
      index: undefined,
      isDefault: false,
      keySpec: route.keySpec === 2 ? 'signature' : 'keyExchange',
      algorithm,
      hasCertificate: (await this.#providers.certificate(route)) !== undefined,
    };
  }
}

function rsaOnly(): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_ALGORITHM_NOT_SUPPORTED',
    'The Microsoft Base Smart Card Crypto Provider has RSA keys only. Use the Smart Card Key Storage Provider.',
  );
}

function otherAlgorithm(asked: string): VirtualSmartCardError {
  const message = `Windows' provider made a key that is not ${asked}.`;
  return new VirtualSmartCardError('ERR_CARD_RESPONSE', message);
}
