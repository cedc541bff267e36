import type { HashName, KeyAlgorithm, KeySpec } from '../backend/backend.js';
import type { DistinguishedName } from './distinguished-name.js';
import type { GeneralName } from './general-name.js';
import type { KeyUsage } from './key-usage.js';
import type { ValiditySpec } from './validity.js';
import type { WindowsSettings } from './windows-settings.js';

/** An extension that this library has no word for, complete. */
export interface ExtensionSpec {
  /** Object identifier, dotted. */
  oid: string;
  /** Whether who does not know it must refuse the certificate. */
  critical: boolean;
  /** DER of the extension's value. */
  value: Uint8Array;
}

/** What an INF text asks for, checked and complete. */
export interface EnrollmentRequest {
  /**
   * `Cert`: a self-signed certificate. `PKCS10`: a request for a CA. `CMC`: the same within a CMC full
   * request (RFC 5272). `PKCS7`: within signed data, as for a renewal that the old key signs.
   */
  requestType: 'Cert' | 'PKCS10' | 'PKCS7' | 'CMC';
  /**
   * Whom the certificate is about. Empty where only the alternative names or the CA's template say it,
   * and with `renewalCertificate` where it stays that of the old certificate.
   */
  subject: DistinguishedName;
  /** From KeyAlgorithm and KeyLength. */
  keyAlgorithm: KeyAlgorithm;
  /** What the container map keeps the key under. */
  keySpec: KeySpec;
  /** Empty when the INF names none: then there is no such extension. */
  keyUsage: readonly KeyUsage[];
  /** The hash in the signature of certificate or request. */
  hashAlgorithm: HashName;
  /** RSA: how certificate or request are signed. */
  signaturePadding: 'pkcs1' | 'pss';
  /** For `Cert`. */
  validity: ValiditySpec;
  /** For `Cert`: bytes of the number, positive; undefined for one at random. */
  serialNumber: Uint8Array | undefined;
  /** Object identifiers; empty for no such extension. */
  extendedKeyUsage: readonly string[];
  /** Empty for no such extension. */
  subjectAlternativeNames: readonly GeneralName[];
  /** Undefined for no such extension. */
  basicConstraints: { ca: boolean; pathLength: number | undefined } | undefined;
  /** All other extensions, in order. */
  extensions: readonly ExtensionSpec[];
  /** Object identifiers of the extensions above that are critical although they are not so by default. */
  critical: readonly string[];
  /** [RequestAttributes], such as CertificateTemplate, in order. */
  requestAttributes: readonly { name: string; value: string }[];
  /** Whether the extensions that are added unasked are left out: the key identifier. */
  suppressDefaults: boolean;
  /** Whether the S/MIME capabilities are added. */
  smime: boolean;
  /** The certificate to be renewed: its SHA-1 thumbprint, hexadecimal, lower case. */
  renewalCertificate: string | undefined;
  /** Whether the key is there already: in `container`, or that of `renewalCertificate`. */
  useExistingKey: boolean;
  /**
   * Windows: which of its two smart card providers makes the key; undefined when the INF names none.
   * Elsewhere there is one way only.
   */
  provider: 'csp' | 'ksp' | undefined;
  /** Name of the new container; undefined for one chosen at random. */
  container: string | undefined;
  /** The reader that the card must be in. */
  readerName: { value: string; line: number } | undefined;
  /** What Windows' store of certificates shows a `Cert` by; a card has no place for it. */
  friendlyName: string | undefined;
  /** Left out when the INF says none of it. */
  windows?: WindowsSettings;
}
