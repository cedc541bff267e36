import type { X509Certificate } from 'node:crypto';
import { chainOf } from './issuers.js';
import type { VirtualSmartCardKey } from './key.js';

/**
 * A certificate on a card, with the key that it certifies.
 *
 * @example
 * ```ts
 * const [certificate] = await card.certificates();
 * console.log(certificate.x509.subject, certificate.x509.validTo);
 * await writeFile('card.pem', certificate.pem);
 * const signature = await certificate.key.sign('RSA-SHA256', data, { pin });
 * ```
 */
export class VirtualSmartCardCertificate {
  /** The key on the card. */
  readonly key: VirtualSmartCardKey;
  /** node:crypto's view of the certificate: subject, issuer, validity, `verify`. */
  readonly x509: X509Certificate;

  private constructor(x509: X509Certificate, key: VirtualSmartCardKey) {
    this.x509 = x509;
    this.key = key;
  }

  /** @internal */
  static create(x509: X509Certificate, key: VirtualSmartCardKey): VirtualSmartCardCertificate {
    return new VirtualSmartCardCertificate(x509, key);
  }

  /** The certificate's DER, a copy. */
  get der(): Buffer {
    return Buffer.from(this.x509.raw);
  }

  /** The certificate as PEM (RFC 7468), with a final line feed. */
  get pem(): string {
    const pem = this.x509.toString();
    return pem.endsWith('\n') ? pem : `${pem}\n`;
  }

  /** Name of the container that holds key and certificate. */
  get container(): string {
    return this.key.container;
  }

  /**
   * The certificates of CAs above this one, from its issuer's on, as far as the card holds them:
   * `installCertificate` puts them there. Whether to trust the last of them is for the caller to say.
   *
   * @throws VirtualSmartCardError `ERR_CLOSED`, `ERR_CARD_LOST`
   * @example
   * ```ts
   * const chain = [certificate.pem, ...(await certificate.chain()).map(String)].join('');
   * ```
   */
  async chain(): Promise<X509Certificate[]> {
    return chainOf(this.x509, await this.key.issuers());
  }
}
