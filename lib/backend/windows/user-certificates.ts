import { createHash } from 'node:crypto';
import type { NativeCall, NativeStoredCertificate, WindowsAddon } from '../../native-windows.js';
import type { TimeLimits } from './limits.js';
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
      this.#addon.addStoredCertificate(certificate),
    );
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

  #call<T>(what: string, start: () => NativeCall<T>): Promise<T> {
    return awaitCall(start, { timeoutMs: this.#limits.query, graceMs: 0, what });
  }
}
