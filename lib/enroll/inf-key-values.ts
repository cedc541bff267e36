import type { HashName } from '../backend/backend.js';
import type { EnrollmentRequest } from './enrollment-request.js';
import { infError, shown } from './inf-error.js';
import type { InfEntry } from './inf-syntax.js';
import { bitsValue, wordValue } from './inf-values.js';
import type { WindowsSettings } from './windows-settings.js';

type RequestType = EnrollmentRequest['requestType'];

/** RequestType, by word or number. */
export function requestTypeValue(entry: InfEntry): RequestType {
  if (/^(scep|0xfd00|64768)$/i.test(entry.value)) {
    throw infError(
      entry.line,
      'RequestType = SCEP is a protocol for routers and phones and is not supported. Use PKCS10.',
    );
  }
  const types = { Cert: 4, PKCS10: 1, PKCS7: 2, CMC: 3 } as const;
  const words = Object.entries(types).flatMap(([type, number]) => [
    [type, type],
    [String(number), type],
    [`0x${number}`, type],
  ]);
  return wordValue(entry, Object.fromEntries(words) as Record<string, RequestType>);
}

/** KeyAlgorithm: what a card makes keys of. */
export function keyAlgorithmValue(entry: InfEntry): 'RSA' | 'EC-P256' | 'EC-P384' {
  if (/^(DH|DSA|ECDH.*)$/i.test(entry.value)) {
    throw infError(
      entry.line,
      `a card's key signs the request for itself, which ${shown(entry.value)} cannot. Use RSA, ECDSA_P256 or ECDSA_P384.`,
    );
  }
  if (/^ECDSA_P521$/i.test(entry.value)) {
    throw infError(
      entry.line,
      'the TPM of a card has no curve P-521. Use ECDSA_P256 or ECDSA_P384.',
    );
  }
  const words = {
    RSA: 'RSA',
    ECDSA_P256: 'EC-P256',
    ECDSA_P384: 'EC-P384',
    '1.2.840.113549.1.1.1': 'RSA',
  } as const;
  return wordValue<'RSA' | 'EC-P256' | 'EC-P384'>(entry, words);
}

/** HashAlgorithm, by name or object identifier. */
export function hashAlgorithmValue(entry: InfEntry): HashName {
  if (/^md[245]$/i.test(entry.value)) {
    throw infError(
      entry.line,
      `${entry.value} is broken: signatures with it can be forged. Use sha256, sha384 or sha512.`,
    );
  }
  const words = {
    sha256: 'SHA256',
    sha384: 'SHA384',
    sha512: 'SHA512',
    sha1: 'SHA1',
    '2.16.840.1.101.3.4.2.1': 'SHA256',
    '2.16.840.1.101.3.4.2.2': 'SHA384',
    '2.16.840.1.101.3.4.2.3': 'SHA512',
    '1.3.14.3.2.26': 'SHA1',
  } as const;
  return wordValue<HashName>(entry, words);
}

type KeyUses = NonNullable<WindowsSettings['keyUsageProperty']>;

/** By bit of KeyUsageProperty. */
export const KEY_USES = ['decrypt', 'sign', 'keyAgreement'] as const;
const ALL_KEY_USES = 0xff_ffff;
const KEY_USE_SYMBOLS = new Map([
  ['NCRYPT_ALLOW_DECRYPT_FLAG', 1],
  ['NCRYPT_ALLOW_SIGNING_FLAG', 2],
  ['NCRYPT_ALLOW_KEY_AGREEMENT_FLAG', 4],
  ['NCRYPT_ALLOW_ALL_USAGES', ALL_KEY_USES],
]);

/** KeyUsageProperty. */
export function keyUsagePropertyValue(entry: InfEntry): KeyUses {
  const bits = bitsValue(entry, KEY_USE_SYMBOLS);
  if (bits > 7 && bits !== ALL_KEY_USES) {
    throw infError(
      entry.line,
      `KeyUsageProperty is 0 to 7, or 0xffffff for all, not ${shown(entry.value)}.`,
    );
  }
  return KEY_USES.filter((_use, bit) => (bits & (1 << bit)) !== 0);
}

/** KeyProtection, by symbol (one of them is misspelt by Windows, too) or number. */
export function keyProtectionValue(entry: InfEntry) {
  return wordValue<NonNullable<WindowsSettings['keyProtection']>>(entry, {
    NCRYPT_UI_NO_PROTECTION_FLAG: 'none',
    NCRYPT_UI_NO_PROTCTION_FLAG: 'none',
    NCRYPT_UI_PROTECT_KEY_FLAG: 'protect',
    NCRYPT_UI_FORCE_HIGH_PROTECTION_FLAG: 'forceHighProtection',
    '0': 'none',
    '1': 'protect',
    '2': 'forceHighProtection',
    '0x0': 'none',
    '0x1': 'protect',
    '0x2': 'forceHighProtection',
  });
}

const OLD_CERTIFICATE_SUPPLIES_NAMES = 0x8;
const SUBJECT_NAME_SYMBOLS = new Map([
  ['CT_FLAG_SUBJECT_REQUIRE_COMMON_NAME', 0x4000_0000],
  ['CT_FLAG_SUBJECT_REQUIRE_DIRECTORY_PATH', 0x8000_0000],
  ['CT_FLAG_SUBJECT_REQUIRE_DNS_AS_CN', 0x1000_0000],
  ['CT_FLAG_SUBJECT_REQUIRE_EMAIL', 0x2000_0000],
  ['CT_FLAG_OLD_CERT_SUPPLIES_SUBJECT_AND_ALT_NAME', OLD_CERTIFICATE_SUPPLIES_NAMES],
  ['CT_FLAG_SUBJECT_ALT_REQUIRE_DIRECTORY_GUID', 0x100_0000],
  ['CT_FLAG_SUBJECT_ALT_REQUIRE_DNS', 0x800_0000],
  ['CT_FLAG_SUBJECT_ALT_REQUIRE_DOMAIN_DNS', 0x40_0000],
  ['CT_FLAG_SUBJECT_ALT_REQUIRE_EMAIL', 0x400_0000],
  ['CT_FLAG_SUBJECT_ALT_REQUIRE_SPN', 0x80_0000],
  ['CT_FLAG_SUBJECT_ALT_REQUIRE_UPN', 0x200_0000],
]);

/** SubjectNameFlags: whether the names are the old certificate's. Others come from a domain. */
export function namesFromOldCertificateValue(entry: InfEntry): boolean {
  const template = entry.value.toLowerCase() === 'template';
  const bits = template ? -1 : bitsValue(entry, SUBJECT_NAME_SYMBOLS);
  if (bits === 0 || bits === OLD_CERTIFICATE_SUPPLIES_NAMES) return bits !== 0;
  throw infError(
    entry.line,
    'SubjectNameFlags would take names from Active Directory, which this library does not ask. Write them as Subject and in [Extensions] as 2.5.29.17.',
  );
}

/** SerialNumber: hexadecimal, positive, up to 20 bytes (RFC 5280, 4.1.2.2), without leading zeros. */
export function serialNumberValue({ value, line }: InfEntry): Buffer {
  const digits = value.replace(/^0x/i, '').replaceAll(' ', '').replace(/^0+/, '');
  if (/^[0-9a-f]{1,40}$/i.test(digits)) {
    const bytes = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
    if (bytes.length < 20 || (bytes[0] ?? 0) < 0x80) return bytes;
  }
  throw infError(
    line,
    `SerialNumber is a hexadecimal number above 0 of up to 20 bytes, not ${shown(value)}.`,
  );
}

/** RenewalCert: a SHA-1 thumbprint as Windows shows it, blanks and its invisible mark included. */
export function thumbprintValue({ value, line }: InfEntry): string {
  const digits = value.replaceAll(/[ \u200e]/g, '').toLowerCase();
  if (/^[0-9a-f]{40}$/.test(digits)) return digits;
  throw infError(
    line,
    `RenewalCert is the certificate's thumbprint, 40 hexadecimal digits, not ${shown(value)}.`,
  );
}
