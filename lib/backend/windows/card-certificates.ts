import { checkSignal } from '../../arguments.js';
import { VirtualSmartCardError } from '../../errors.js';
import type { GidsCardConnection } from '../../gids/card-connection.js';
import type { PublicKey } from '../../gids/card-state.js';
import { checkCertificate, parseCertificate } from '../../gids/certificate-store.js';
import type { NativeKeySpec } from '../../native-windows.js';
import { publicKeyObject } from '../../public-key.js';
import { undoAndThrow } from '../../undo.js';
import type { KnownPin } from './card-keys.js';
import { isPinText } from './held-pin.js';
import type { KeyRoute, KeyRoutes } from './key-routes.js';
import { nativeKeySpec, type ProviderKeys } from './provider-keys.js';
import type { ContainerCertificate, UserCertificates } from './user-certificates.js';
import type { WaysTaken } from './ways-taken.js';

/** What leads to a card's certificates. */
export interface CardWays {
  gids: GidsCardConnection;
  providers: ProviderKeys;
  routes: KeyRoutes;
  ways: WaysTaken;
}

/** A certificate that is to be stored. */
export interface NewCertificate {
  /** DER. */
  certificate: Uint8Array;
  /** What the user's store shows it by. */
  friendlyName: string | undefined;
}

/**
 * The certificates of a card, and with them the user's store: what is put on the card is put there, too,
 * and what goes from the card goes from there. Calls must not overlap.
 */
export class CardCertificates {
  readonly #gids: GidsCardConnection;
  readonly #providers: ProviderKeys;
  readonly #routes: KeyRoutes;
  readonly #ways: WaysTaken;
  readonly #store: UserCertificates | undefined;

  /** @param store - undefined: the user's store is left alone */
  constructor({ gids, providers, routes, ways }: CardWays, store: UserCertificates | undefined) {
    this.#gids = gids;
    this.#providers = providers;
    this.#routes = routes;
    this.#ways = ways;
    this.#store = store;
  }

  async read(name: string): Promise<Buffer | undefined> {
    const route = await this.#routes.find(name);
    return route ? this.#providers.certificate(route) : this.#gids.certificate(name);
  }

  /**
   * The user's store comes first, since it is the one that can be taken back; one that was there before
   * is not taken out again.
   */
  async store(
    name: string,
    { certificate, friendlyName }: NewCertificate,
    known: KnownPin,
  ): Promise<void> {
    const parsed = parseCertificate(certificate);
    const route = await this.#routes.find(name);
    const publicKey = route
      ? await this.#providers.publicKey(route)
      : await this.#gids.publicKey(name);
    checkCertificate(parsed, publicKey);
    checkSignal(known.signal);
    const put = () => this.#put(route, name, parsed.raw, known);
    if (!this.#store) return put();
    const old = await this.inStore(name);
    const link = await this.#link(name, route, publicKey);
    const added = { certificate: parsed.raw, friendlyName, ...link };
    const isNew = await this.#store.add(added);
    try {
      await put();
    } catch (reason) {
      if (!isNew) throw reason;
      const left =
        "The certificate is in the user's store all the same; remove it there (certmgr.msc, Personal).";
      return undoAndThrow(reason, left, async () => this.#store?.remove(added));
    }
    if (old && !parsed.raw.equals(old.certificate)) await this.takeOut(old);
  }

  async delete(name: string, known: KnownPin): Promise<void> {
    const old = await this.inStore(name);
    this.#ways.took('certificates', undefined);
    await this.#gids.deleteCertificate(name, known);
    await this.takeOut(old);
  }

  /** What {@link takeOut} takes out when the container's certificate is gone. */
  async inStore(name: string): Promise<ContainerCertificate | undefined> {
    if (!this.#store) return undefined;
    try {
      const certificate = await this.read(name);
      return certificate && { certificate, container: await this.#nameOf(name) };
    } catch (error) {
      // One that cannot be read can be deleted all the same; whoever deletes it hears of what is wrong.
      if (VirtualSmartCardError.is(error)) return undefined;
      throw error;
    }
  }

  async takeOut(certificate: ContainerCertificate | undefined): Promise<void> {
    if (certificate) await this.#store?.removeOrWarn(certificate);
  }

  async #put(
    route: KeyRoute | undefined,
    name: string,
    certificate: Buffer,
    known: KnownPin,
  ): Promise<void> {
    const isByProvider = route !== undefined && isPinText(known.pin);
    this.#ways.took('certificates', isByProvider ? route.provider : undefined);
    if (isByProvider) {
      await this.#providers.storeCertificate(route, certificate, known.pin);
    } else {
      await this.#gids.storeCertificate(name, certificate, known);
    }
  }

  /** Where the certificate's link leads: to the container by its own spelling. */
  async #link(name: string, route: KeyRoute | undefined, publicKey: PublicKey) {
    const container = await this.#nameOf(name);
    const provider =
      this.#routes.makerOf(name) ??
      (await this.#store?.providerOf(container, publicKeyObject(publicKey))) ??
      (await this.#routes.providerForOthers(name, route, publicKey));
    let keySpec: NativeKeySpec;
    if (route?.keySpec) keySpec = route.keySpec;
    else keySpec = nativeKeySpec((await this.#gids.container(name)).keySpec);
    return { provider, container, keySpec };
  }

  async #nameOf(name: string): Promise<string> {
    const route = await this.#routes.find(name);
    return route ? route.container : (await this.#gids.container(name)).name;
  }
}
