import type { VirtualSmartCardKey } from '../key.js';
import type { EnrollmentRequest } from './enrollment-request.js';

/** A certificate request whose key waits on the card for the certificate. */
export interface PendingRequest {
  /** DER: of a CertificationRequest (PKCS #10, RFC 2986), or of a CMS ContentInfo around one. */
  der: Buffer;
  /** PEM (RFC 7468) with a final line feed: CERTIFICATE REQUEST, or CMS. */
  pem: string;
  /** What it is. `CMC`: RFC 5272. `PKCS7`: signed by the key of the certificate that it renews. */
  requestType: Exclude<EnrollmentRequest['requestType'], 'Cert'>;
  /** The key that waits: made for it, or there already. */
  key: VirtualSmartCardKey;
  /** Name of the container that holds the key. */
  container: string;
  /**
   * The container of the certificate that it renews with a new key, which `installCertificate` deletes
   * as `replaces`; undefined for another request.
   */
  renews: string | undefined;
}
