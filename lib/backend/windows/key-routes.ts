import { VirtualSmartCardError } from '../../errors.js';
import type { PublicKey } from '../../gids/card-state.js';
import { foldContainerName } from '../../gids/container-map.js';
import type { KeyProvider, NativeListedKey } from '../../native-windows.js';
import type { CardPresence } from './card-presence.js';
import type { ProviderKey, ProviderKeys } from './provider-keys.js';
import { NteCode } from './provider-meanings.js';

/** The first that lists a container reaches it. */
const PROVIDERS = ['ksp', 'csp'] as const;

/** How a container is reached. */
export interface KeyRoute extends ProviderKey {
  /** AT_KEYEXCHANGE, AT_SIGNATURE, 0 where the provider does not say. */
  keySpec: NativeListedKey['keySpec'];
  /** Read when first asked for. */
  publicKey: PublicKey | undefined;
}

/**
 * Which of Windows' providers reaches which container: the KSP what it lists, the CSP what only it
 * lists. What was found is kept until a call finds it wrong, so that a signature costs no listing.
 */
export class KeyRoutes {
  readonly #keys: ProviderKeys;
  /** Which provider made a container, by folded name; outlives the connection. */
  readonly #makers: Map<string, KeyProvider>;
  readonly #presence: CardPresence;
  /** By folded name. */
  #routes = new Map<string, KeyRoute>();

  constructor(keys: ProviderKeys, makers: Map<string, KeyProvider>, presence: CardPresence) {
    this.#keys = keys;
    this.#makers = makers;
    this.#presence = presence;
  }

  /** To be called before a provider is: {@link CardPresence}. */
  requireCard(): Promise<void> {
    return this.#presence.require();
  }

  /** All that there are, asked for now. */
  async list(): Promise<KeyRoute[]> {
    await this.requireCard();
    this.#routes = new Map();
    for (const provider of PROVIDERS) await this.#learn(provider);
    return [...this.#routes.values()];
  }

  /** undefined for a container that neither provider lists. The CSP is asked for what the KSP lacks. */
  async find(name: string): Promise<KeyRoute | undefined> {
    await this.requireCard();
    const folded = foldContainerName(name);
    for (const provider of PROVIDERS) {
      if (this.#routes.has(folded)) break;
      await this.#learn(provider);
    }
    return this.#routes.get(folded);
  }

  /** The public key of a container, read from the card the first time. */
  async publicKey(route: KeyRoute): Promise<PublicKey> {
    route.publicKey ??= await this.#keys.publicKey(route);
    return route.publicKey;
  }

  /** What is known of a container turned out to be wrong, or is about to be. */
  forget(name: string): void {
    this.#routes.delete(foldContainerName(name));
  }

  /** Remembers by which provider a container was made. */
  madeBy(name: string, provider: KeyProvider | undefined): void {
    const folded = foldContainerName(name);
    if (provider) this.#makers.set(folded, provider);
    else this.#makers.delete(folded);
  }

  /** The provider that made a container, if that was seen. */
  makerOf(name: string): KeyProvider | undefined {
    return this.#makers.get(foldContainerName(name));
  }

  /**
   * The provider by which other programs are to find a key of which nobody knows the maker: the CSP for
   * an RSA key that it lists. Programs that know CryptoAPI only find a key by no other; those that know
   * CNG find it by either.
   */
  async providerForOthers(
    name: string,
    route: KeyRoute | undefined,
    publicKey: PublicKey,
  ): Promise<KeyProvider> {
    const reaches = route?.provider ?? 'ksp';
    if (reaches === 'csp' || publicKey.type !== 'rsa') return reaches;
    const folded = foldContainerName(name);
    const listed = await this.#listed('csp');
    return listed.some(({ container }) => foldContainerName(container) === folded) ? 'csp' : 'ksp';
  }

  async #learn(provider: KeyProvider): Promise<void> {
    for (const { container, keySpec } of await this.#listed(provider)) {
      const folded = foldContainerName(container);
      if (this.#routes.has(folded)) continue;
      this.#routes.set(folded, { provider, container, keySpec, publicKey: undefined });
    }
  }

  /** A Windows without that provider has no keys of it. */
  async #listed(provider: KeyProvider): Promise<NativeListedKey[]> {
    try {
      return await this.#keys.list(provider);
    } catch (error) {
      const isMissing = VirtualSmartCardError.is(error) && error.hresult === NteCode.KEYSET_NOT_DEF;
      if (provider === 'csp' && isMissing) return [];
      throw error;
    }
  }
}
