import type { EnrollmentRequest } from './enrollment-request.js';
import { completeRequest, type InfRest } from './inf-complete.js';
import { infError } from './inf-error.js';
import { EXTENSION_SECTIONS } from './inf-extension-sections.js';
import { InfExtensions } from './inf-extension-set.js';
import { readExtensions } from './inf-extensions.js';
import { INF_KEYS, type InfDraft } from './inf-keys.js';
import { readProperties } from './inf-properties.js';
import { isWithoutEffect } from './inf-refused-keys.js';
import { type InfSection, readInfSections, uniqueEntries } from './inf-syntax.js';
import { infText } from './inf-text.js';
import { requireSingle, textValue } from './inf-values.js';

const SECTIONS = [
  'Version',
  'Strings',
  'NewRequest',
  'RequestAttributes',
  'Extensions',
  'Properties',
  ...EXTENSION_SECTIONS.map(([name]) => name),
];

/**
 * Reads an INF text as `certreq -new` takes it. Every line is understood or refused, none is ignored;
 * what no card can do is refused with the reason.
 *
 * Keys of [NewRequest]: Subject, X500NameFlags, RequestType (Cert, PKCS10, the default, PKCS7, CMC),
 * KeyAlgorithm (RSA, ECDSA_P256, ECDSA_P384), KeyLength, KeySpec, KeyUsage, HashAlgorithm (sha256 by
 * default), AlternateSignatureAlgorithm (RSASSA-PSS), ValidityPeriod with ValidityPeriodUnits (one year
 * by default), NotBefore, NotAfter and SerialNumber of a Cert, KeyContainer, UseExistingKeySet,
 * RenewalCert, ReaderName, ProviderName (Microsoft's two smart card providers), ProviderType, SMIME,
 * SuppressDefaults, FriendlyName. SubjectNameFlags may be 0 or, with RenewalCert, have the old
 * certificate supply the names. Silent, UserProtected, KeyProtection, KeyUsageProperty and
 * UIContextMessage are kept and have no effect on a card. FALSE only: Exportable, ExportableEncrypted,
 * MachineKeySet, PrivateKeyArchive, AttestPrivateKey.
 *
 * Other sections: [Version], [Strings] for `%name%`, [RequestAttributes], [Properties], [Extensions]
 * with `{text}` (2.5.29.17, .18, .19, .37), `{hex}`, `{utf8}`, `{octet}`, `{asn}` or base64 and
 * `Critical`, [EnhancedKeyUsageExtension], [BasicConstraintsExtension], [PolicyStatementExtension],
 * [PolicyMappingsExtension], [PolicyConstraintsExtension] and the same for ApplicationPolicy…,
 * [NameConstraintsExtension], [CRLDistributionPoint], [AuthorityInformationAccess],
 * [CrossCertificateDistributionPointsExtension]. A value goes on behind a backslash at the end of a
 * line, or in the key `_continue_`.
 *
 * @param inf - the text, or its bytes: UTF-8, UTF-16 with a byte order mark, or windows-1252 (ANSI);
 * at most 256 KiB
 * @throws VirtualSmartCardError `ERR_INF` with the `line`, `ERR_INVALID_ARGUMENT`
 * @example
 * ```ts
 * const request = parseInf('[NewRequest]\nSubject = "CN=Jo"\nRequestType = Cert\n');
 * request.keyAlgorithm; // 'RSA-2048'
 * ```
 */
export function parseInf(inf: string | Uint8Array): EnrollmentRequest {
  return readInf(inf, undefined);
}

/**
 * {@link parseInf}, where the command line may name the certificate to be renewed, too.
 *
 * @param renewalCertificate - stands in for RenewalCert where the text has none
 */
export function readInf(
  inf: string | Uint8Array,
  renewalCertificate: string | undefined,
): EnrollmentRequest {
  const sections = readInfSections(infText(inf));
  checkVersion(sections.get('version'));
  const section = sections.get('newrequest');
  const referred = new Set<string>();
  const rest = readRest(sections, referred);
  for (const [lowerCaseName, { name, line }] of sections) {
    if (referred.has(lowerCaseName)) continue;
    if (SECTIONS.some((each) => each.toLowerCase() === lowerCaseName)) continue;
    throw infError(line, `section [${name}] is not supported. Supported: ${SECTIONS.join(', ')}.`);
  }
  if (!section) throw infError(1, 'there is no section [NewRequest].');
  const draft = readKeys(section);
  if (renewalCertificate !== undefined) {
    draft.renewalCertificate ??= { value: renewalCertificate, line: section.line };
  }
  return completeRequest(draft, rest, section.line);
}

/** `referred` gets the names of sections that others name, such as those of policies. */
function readRest(sections: ReadonlyMap<string, InfSection>, referred: Set<string>): InfRest {
  const extensions = new InfExtensions();
  const other = (name: string, line: number) => {
    const found = sections.get(name.toLowerCase());
    if (!found) throw infError(line, `there is no section [${name}].`);
    referred.add(name.toLowerCase());
    return found;
  };
  for (const [name, read] of EXTENSION_SECTIONS) {
    const section = sections.get(name.toLowerCase());
    if (section) read(section, extensions, other);
  }
  const extensionSection = sections.get('extensions');
  if (extensionSection) readExtensions(extensionSection, extensions);
  const attributes = sections.get('requestattributes');
  const properties = sections.get('properties');
  return {
    extensions,
    requestAttributes: attributes ? readAttributes(attributes) : [],
    properties: properties && readProperties(properties),
  };
}

function checkVersion(section: InfSection | undefined): void {
  for (const { key, value, line } of section ? uniqueEntries(section).values() : []) {
    const known = key.toLowerCase() === 'signature' && /^\$(Windows NT|Chicago)\$$/i.test(value);
    if (!known) throw infError(line, '[Version] has one line: Signature = "$Windows NT$".');
  }
}

function readKeys(section: InfSection): InfDraft {
  const draft: InfDraft = { windows: {} };
  for (const [lowerCaseKey, entry] of uniqueEntries(section)) {
    requireSingle(entry);
    const read = INF_KEYS.get(lowerCaseKey)?.read;
    if (read) read(draft, entry);
    else if (!isWithoutEffect(entry)) {
      const supported = [...INF_KEYS.values()].map(({ name }) => name).join(', ');
      throw infError(entry.line, `${entry.key} is not understood. Supported keys: ${supported}.`);
    }
  }
  return draft;
}

function readAttributes(section: InfSection): InfRest['requestAttributes'] {
  return [...uniqueEntries(section).values()].map((entry) => {
    requireSingle(entry);
    return { name: entry.key, value: textValue(entry, 4096) };
  });
}
