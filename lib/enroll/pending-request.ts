import type { VirtualSmartCardKey } from '../key.js';

/** A certificate request (PKCS #10, RFC 2986) whose key waits on the card for the certificate. */
export interface PendingRequest {
  /** DER of the CertificationRequest. */
  der: Buffer;
  /** PEM (RFC 7468), with a final line feed. */
  pem: string;
  /** The key that was made for it. */
  key: VirtualSmartCardKey;
  /** Name of the container that holds the key. */
  container: string;
}
