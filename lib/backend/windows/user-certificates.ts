import { createHash, type KeyObject, X509Certificate } from 'node:crypto';
import { VirtualSmartCardError } from '../../errors.js';
import { foldContainerName } from '../../gids/container-map.js';
import type { NativeCall } from '../../native-call.js';
import type {
  KeyProvider,
  NativeLinkedCertificate,
  NativeStoredCertificate,
  WindowsAddon,
} from '../../native-windows.js';
import type { TimeLimits } from './limits.js';
import type { StoredContainer } from './stored-containers.js';
import { awaitCall } from './system-call.js';

/** A certificate of a card's container. */
export interface ContainerCertificate {
  /** DER. */
  certificate: Uint8Array;
  container: string;
}

/**
 * The certificates of cards in the user's store "My", where Windows' programs look for them, each with
 * the link that leads to its key. The link names the container without a reader: a reader's number does
 * not last.
 */
export class UserCertificates {
  readonly #addon: WindowsAddon;
  readonly #limits: Pick<TimeLimits, 'query'>;

  constructor(addon: WindowsAddon, limits: Pick<TimeLimits, 'query'>) {
    this.#addon = addon;
    this.#limits = limits;
  }

  /**
   * Puts a certificate in.
   *
   * @returns false when it was there before: then it has its link anew
   */
  add(certificate: NativeStoredCertificate): Promise<boolean> {
    return this.#call('Storing the certificate for the user', () =>
      this.#addon.addStoredCertificate(certificate, warnOfLateCertificate),
    );
  }

  /** The provider by which a certificate in the store leads to a key of that container, if one does. */
  async providerOf(container: string, publicKey: KeyObject): Promise<KeyProvider | undefined> {
    const linked = await this.#linked();
    return linked.find((each) => leadsTo(each, container, publicKey))?.provider;
  }

  /** Takes a certificate out, if it is there and its link leads to that container. */
  async remove({ certificate, container }: ContainerCertificate): Promise<void> {
    await this.#call("Removing the certificate from the user's store", () =>
      this.#addon.removeStoredCertificate({ certificate, container }),
    );
  }

  /** The same after something that is done and cannot be taken back: a failure is a warning. */
  async removeOrWarn(certificate: ContainerCertificate): Promise<void> {
    try {
      await this.remove(certificate);
    } catch (error) {
      const thumbprint = createHash('sha1').update(certificate.certificate).digest('hex');
      const why = error instanceof Error ? error.message : String(error);
      process.emitWarning(
        `The certificate ${thumbprint} of container "${certificate.container}" is no longer on its card, but is left in your store of certificates. Remove it there (certmgr.msc, Personal). ${why}`,
        { code: 'VSC_CERTIFICATE_LEFT' },
      );
    }
  }

  /**
   * Takes out what belongs to the containers of a card that is gone: the certificates that were on it,
   * and others for the same keys, which an older certificate or another program may have left.
   */
  async removeAllOf(containers: readonly StoredContainer[]): Promise<void> {
    const linked = containers.length > 0 ? await this.#linked() : [];
    for (const { container, publicKey, certificate } of containers) {
      const others = linked.filter(
        (each) => leadsTo(each, container, publicKey) && !certificate?.equals(each.certificate),
      );
      if (certificate) await this.removeOrWarn({ certificate, container });
      for (const other of others) await this.removeOrWarn(other);
    }
  }

  /** Empty where Windows does not say: then nobody knows of others. */
  async #linked(): Promise<NativeLinkedCertificate[]> {
    try {
      return await this.#call("Listing the user's certificates", () =>
        this.#addon.listStoredCertificates(),
      );
    } catch (error) {
      if (VirtualSmartCardError.is(error)) return [];
      throw error;
    }
  }

  #call<T>(what: string, start: () => NativeCall<T>): Promise<T> {
    return awaitCall(start, { timeoutMs: this.#limits.query, graceMs: 0, what });
  }
}

/** Of a call that was given up and has put a certificate in after all. */
function warnOfLateCertificate(name: string, container: number | string): void {
  if (name !== 'lateCertificateLeft') return;
  process.emitWarning(
    `A call that was given up has put a certificate of container "${container}" into your store of certificates, and could not take it out again. Remove it there (certmgr.msc, Personal).`,
    { code: 'VSC_CERTIFICATE_LEFT' },
  );
}

/** By the container's name and by its key: two cards may have containers of one name. */
function leadsTo(
  { container, certificate }: ContainerCertificate,
  wanted: string,
  publicKey: KeyObject,
): boolean {
  return (
    foldContainerName(container) === foldContainerName(wanted) && certifies(certificate, publicKey)
  );
}

function certifies(certificate: Uint8Array, publicKey: KeyObject): boolean {
  try {
    return new X509Certificate(certificate).publicKey.equals(publicKey);
  } catch {
    // The store holds what Windows can read, which may be more than OpenSSL can.
    return false;
  }
}
