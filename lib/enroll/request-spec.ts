import type { HashName, KeyAlgorithm, KeySpec } from '../backend/backend.js';
import type { CertificateTemplate } from './certificate-template.js';
import type { NameAttributeInput } from './distinguished-name.js';
import type { EnrollmentRequest, ExtensionSpec } from './enrollment-request.js';
import type { ExtendedKeyUsageName } from './extended-key-usage.js';
import type { GeneralName } from './general-name.js';
import type { KeyUsage } from './key-usage.js';
import type { ValidityUnit } from './validity.js';

/**
 * An X.500 name: text as RFC 4514 writes it; its attributes, of which an array within the array is one
 * part of several; or an object of them. Always the most specific first: `CN` before `O` before `C`.
 */
export type NameInput =
  | string
  | readonly (NameAttributeInput | readonly NameAttributeInput[])[]
  | Readonly<Record<string, string | readonly string[]>>;

/** The key of a request: made for it, or there already. */
export interface RequestKeySpec {
  /** Name of the key's container, 1 to 39 characters without backslash; default: a random UUID. */
  container?: string | undefined;
  /** Whether `container` holds the key already; default false: the key is made. */
  useExistingKey?: boolean | undefined;
  /** What kind of key is made; default `RSA-2048`. Which there are depends on the TPM. */
  algorithm?: KeyAlgorithm | undefined;
  /** Windows' key specification; default `keyExchange` for RSA, `signature` for EC. */
  keySpec?: KeySpec | undefined;
  /** The hash in the signature of certificate or request; default `SHA256`. */
  hash?: HashName | undefined;
  /** RSA: how certificate or request are signed; default `pkcs1` (RFC 8017). */
  padding?: 'pkcs1' | 'pss' | undefined;
}

/** What a certificate is to say, in the words of RFC 5280. */
export interface CertificateContentSpec extends RequestKeySpec {
  /** Whom the certificate is about. Left out, the alternative names say it, or the CA's template. */
  subject?: NameInput | undefined;
  /** Names besides the subject: DNS, e-mail, user principal name and others. */
  subjectAlternativeNames?: readonly GeneralName[] | undefined;
  /** What the certificate is for: names such as `clientAuth`, or dotted object identifiers. */
  extendedKeyUsage?: readonly (ExtendedKeyUsageName | (string & {}))[] | undefined;
  /** What the key may be used for. */
  keyUsage?: readonly KeyUsage[] | undefined;
  /** Whether the key signs certificates, and how many CAs may follow: `pathLength`. */
  basicConstraints?: { ca: boolean; pathLength?: number | undefined } | undefined;
  /** S/MIME capabilities: that mail may be encrypted by AES; default false. */
  smime?: boolean | undefined;
  /** Any other extensions, complete. */
  extensions?: readonly ExtensionSpec[] | undefined;
  /** Leaves out the key identifier, which is added unasked; default false. */
  suppressDefaults?: boolean | undefined;
}

/**
 * What `enroll` makes: a certificate that its own key signs.
 *
 * @example
 * ```ts
 * const spec: SelfSignedSpec = {
 *   subject: { CN: 'Jo Doe', O: 'Example' },
 *   extendedKeyUsage: ['clientAuth'],
 *   validity: { period: { count: 2, unit: 'years' } },
 * };
 * const certificate = await card.enroll(spec, { pin });
 * ```
 */
export interface SelfSignedSpec extends CertificateContentSpec {
  /** From when to when. `notAfter` and `period` exclude each other; default: one year from now. */
  validity?:
    | {
        notBefore?: Date | undefined;
        notAfter?: Date | undefined;
        period?: { count: number; unit: ValidityUnit } | undefined;
      }
    | undefined;
  /** 1 to 20 bytes, the highest bit of them not set; default: 16 bytes at random. */
  serialNumber?: Uint8Array | undefined;
  /** Windows: what the user's store of certificates shows it by. Elsewhere there is no place for it. */
  friendlyName?: string | undefined;
}

/**
 * What `createRequest` makes: a request for a CA.
 *
 * @example
 * ```ts
 * const spec: RequestSpec = {
 *   subject: 'CN=Jo Doe,O=Example',
 *   subjectAlternativeNames: [{ type: 'upn', value: 'jo@example.org' }],
 *   extendedKeyUsage: ['clientAuth', 'smartCardLogon'],
 *   keyUsage: ['digitalSignature'],
 *   certificateTemplate: 'SmartcardLogon',
 * };
 * const request = await card.createRequest(spec, { pin });
 * ```
 */
export interface RequestSpec extends CertificateContentSpec {
  /** `PKCS10` (default, RFC 2986) or `CMC`, a full PKI request around it (RFC 5272). */
  requestType?: 'PKCS10' | 'CMC' | undefined;
  /** The AD CS template by which the CA is to issue: its name, or its object identifier and version. */
  certificateTemplate?: string | CertificateTemplate | undefined;
  /** Further name-value pairs for an AD CS. */
  attributes?: Readonly<Record<string, string>> | undefined;
}

/** What a renewal asks for; the rest is as in the certificate that is renewed. */
export interface RenewalSpec
  extends Pick<RequestKeySpec, 'algorithm' | 'keySpec' | 'hash' | 'padding'> {
  /**
   * `PKCS10` (default): by itself it does not tell the CA that it renews anything. `CMC` and `PKCS7` are
   * signed by the old certificate's key, and hold the old certificate.
   */
  requestType?: Exclude<EnrollmentRequest['requestType'], 'Cert'> | undefined;
  /** Whether the new certificate has a key of its own; default true. */
  newKey?: boolean | undefined;
  /** Name of the new key's container; default: a random UUID. */
  container?: string | undefined;
}
