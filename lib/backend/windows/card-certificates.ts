import { checkSignal } from '../../arguments.js';
import { VirtualSmartCardError } from '../../errors.js';
import type { GidsCardConnection } from '../../gids/card-connection.js';
import { checkCertificate, parseCertificate } from '../../gids/certificate-store.js';
import type { NativeKeySpec } from '../../native-windows.js';
import { undoAndThrow } from '../../undo.js';
import type { KnownPin } from './card-keys.js';
import { isPinText } from './held-pin.js';
import type { KeyRoute, KeyRoutes } from './key-routes.js';
import { nativeKeySpec, type ProviderKeys } from './provider-keys.js';
import type { ContainerCertificate, UserCertificates } from './user-certificates.js';

/**
 * The certificates of a card, and with them the user's store: what is put on the card is put there, too,
 * and what goes from the card goes from there. Calls must not overlap.
 */
export class CardCertificates {
  readonly #gids: GidsCardConnection;
  readonly #providers: ProviderKeys;
  readonly #routes: KeyRoutes;
  readonly #store: UserCertificates | undefined;

  /** @param store - undefined: the user's store is left alone */
  constructor(
    gids: GidsCardConnection,
    providers: ProviderKeys,
    routes: KeyRoutes,
    store: UserCertificates | undefined,
  ) {
    this.#gids = gids;
    this.#providers = providers;
    this.#routes = routes;
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
  async store(name: string, certificate: Uint8Array, known: KnownPin): Promise<void> {
    const parsed = parseCertificate(certificate);
    const route = await this.#routes.find(name);
    const publicKey = route
      ? await this.#providers.publicKey(route)
      : await this.#gids.publicKey(name);
    checkCertificate(parsed, publicKey);
    checkSignal(known.signal);
    const put = () => this.#put(route, name, parsed.raw, known);
    if (!this.#store) return put();
    const old = await this.read(name);
    const link = { certificate: parsed.raw, ...(await this.#link(name, route)) };
    const isNew = await this.#store.add(link);
    try {
      await put();
    } catch (reason) {
      if (!isNew) throw reason;
      const left =
        "The certificate is in the user's store all the same; remove it there (certmgr.msc, Personal).";
      return undoAndThrow(reason, left, async () => this.#store?.remove(link));
    }
    if (old && !parsed.raw.equals(old)) {
      await this.#store.removeOrWarn({ certificate: old, container: link.container });
    }
  }

  async delete(name: string, known: KnownPin): Promise<void> {
    const old = await this.inStore(name);
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
    if (route && isPinText(known.pin)) {
      await this.#providers.storeCertificate(route, certificate, known.pin);
    } else {
      await this.#gids.storeCertificate(name, certificate, known);
    }
  }

  /** Where the certificate's link leads: to the container by its own spelling. */
  async #link(name: string, route: KeyRoute | undefined) {
    const provider = this.#routes.linkOf(name, route);
    let keySpec: NativeKeySpec;
    if (route?.keySpec) keySpec = route.keySpec;
    else keySpec = nativeKeySpec((await this.#gids.container(name)).keySpec);
    return { provider, container: await this.#nameOf(name), keySpec };
  }

  async #nameOf(name: string): Promise<string> {
    const route = await this.#routes.find(name);
    return route ? route.container : (await this.#gids.container(name)).name;
  }
}
