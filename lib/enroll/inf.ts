import type { KeyAlgorithm } from '../backend/backend.js';
import { describeType, invalidArgument, VirtualSmartCardError } from '../errors.js';
import type { EnrollmentRequest } from './enrollment-request.js';
import { INF_KEYS, type InfDraft } from './inf-keys.js';
import { type InfSection, infError, readInfSections, substituteStrings } from './inf-syntax.js';
import { DEFAULT_PERIOD, type ValiditySpec, validityBounds } from './validity.js';

const SECTIONS = ['Version', 'Strings', 'NewRequest'];

/** No INF of a certificate request comes near it. */
const MAX_LENGTH = 65_536;

/**
 * Reads an INF text as `certreq -new` takes it. Every line is understood or refused, none is
 * ignored.
 *
 * Sections: [NewRequest], [Version] and [Strings]. Keys of [NewRequest]: Subject, RequestType (Cert
 * or PKCS10, the default), KeyAlgorithm (RSA, ECDSA_P256, ECDSA_P384), KeyLength, KeySpec, KeyUsage,
 * HashAlgorithm (sha256 by default), ValidityPeriod with ValidityPeriodUnits (one year by default),
 * NotBefore, NotAfter, KeyContainer, ReaderName, FriendlyName, ProviderName (Microsoft's two smart
 * card providers), ProviderType, Exportable, MachineKeySet and SMIME (FALSE only),
 * AlternateSignatureAlgorithm and UseExistingKeySet (FALSE only), UserProtected and Silent (a card's
 * key is always protected by its PIN, and no window is ever shown).
 *
 * @param inf - the text, or its bytes in UTF-8 or in UTF-16 with a byte order mark
 * @throws VirtualSmartCardError `ERR_INF` with the `line`, `ERR_INVALID_ARGUMENT`
 * @example
 * ```ts
 * const request = parseInf('[NewRequest]\nSubject = "CN=Jo"\nRequestType = Cert\n');
 * request.keyAlgorithm; // 'RSA-2048'
 * ```
 */
export function parseInf(inf: string | Uint8Array): EnrollmentRequest {
  const sections = readInfSections(infText(inf));
  for (const { name, line } of sections.values()) {
    if (SECTIONS.some((each) => each.toLowerCase() === name.toLowerCase())) continue;
    throw infError(line, `section [${name}] is not supported. Supported: ${SECTIONS.join(', ')}.`);
  }
  checkVersion(sections.get('version'));
  const section = sections.get('newrequest');
  if (!section) throw infError(1, 'there is no section [NewRequest].');
  substituteStrings(section, sections.get('strings'));
  return complete(readKeys(section), section.line);
}

function infText(inf: string | Uint8Array): string {
  if (typeof inf !== 'string' && !(inf instanceof Uint8Array)) {
    throw invalidArgument('inf', 'a string or a Uint8Array', describeType(inf));
  }
  if (inf.length > MAX_LENGTH) {
    throw invalidArgument('inf', `at most ${MAX_LENGTH} characters`, String(inf.length));
  }
  return (typeof inf === 'string' ? inf : decode(inf)).replace(/^\ufeff/, '');
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new VirtualSmartCardError(
      'ERR_INF',
      'The INF is neither UTF-8 nor UTF-16 with a byte order mark. Save it as UTF-8.',
      { cause },
    );
  }
}

/** By the byte order mark; text without one is UTF-8. */
function encodingOf([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
}

function checkVersion(section: InfSection | undefined): void {
  for (const { key, value, line } of section?.entries.values() ?? []) {
    const known = key.toLowerCase() === 'signature' && /^\$(Windows NT|Chicago)\$$/i.test(value);
    if (!known) throw infError(line, '[Version] has one line: Signature = "$Windows NT$".');
  }
}

function readKeys(section: InfSection): InfDraft {
  const draft: InfDraft = {};
  for (const [lowerCaseKey, entry] of section.entries) {
    const read = INF_KEYS.get(lowerCaseKey)?.read;
    if (!read) {
      const supported = [...INF_KEYS.values()].map(({ name }) => name).join(', ');
      throw infError(entry.line, `${entry.key} is not understood. Supported keys: ${supported}.`);
    }
    read(draft, entry);
  }
  return draft;
}

/** Fills in the defaults and checks what depends on more than one key. */
function complete(draft: InfDraft, sectionLine: number): EnrollmentRequest {
  const { subject } = draft;
  if (!subject) throw infError(sectionLine, '[NewRequest] has no Subject, such as "CN=Jo Doe".');
  const keyAlgorithm = completeKeyAlgorithm(draft);
  checkProvider(draft, keyAlgorithm);
  return {
    requestType: draft.requestType ?? 'PKCS10',
    subject,
    keyAlgorithm,
    keySpec: draft.keySpec ?? (keyAlgorithm.startsWith('EC') ? 'signature' : 'keyExchange'),
    keyUsage: draft.keyUsage ?? [],
    hashAlgorithm: draft.hashAlgorithm ?? 'SHA256',
    signaturePadding: 'pkcs1',
    validity: completeValidity(draft),
    serialNumber: undefined,
    extendedKeyUsage: [],
    subjectAlternativeNames: [],
    basicConstraints: undefined,
    extensions: [],
    critical: [],
    requestAttributes: [],
    suppressDefaults: false,
    smime: false,
    renewalCertificate: undefined,
    useExistingKey: false,
    provider: draft.provider?.value,
    container: draft.container,
    readerName: draft.readerName,
    friendlyName: draft.friendlyName,
  };
}

function completeKeyAlgorithm({ keyFamily = 'RSA', keyLength }: InfDraft): KeyAlgorithm {
  if (keyFamily === 'RSA') {
    const { value, line } = keyLength ?? { value: 2048, line: 0 };
    if ([1024, 2048, 3072].includes(value)) return `RSA-${value}` as KeyAlgorithm;
    throw infError(line, `KeyLength of an RSA key is 1024, 2048 or 3072, not ${value}.`);
  }
  const curveLength = keyFamily === 'EC-P256' ? 256 : 384;
  if (keyLength && keyLength.value !== curveLength) {
    throw infError(
      keyLength.line,
      `KeyLength is ${curveLength} for this KeyAlgorithm, or left out.`,
    );
  }
  return keyFamily;
}

function checkProvider({ provider, providerType }: InfDraft, key: KeyAlgorithm): void {
  if (provider?.value === 'csp' && key.startsWith('EC')) {
    throw infError(
      provider.line,
      'this provider has RSA keys only. Use "Microsoft Smart Card Key Storage Provider".',
    );
  }
  if (!providerType) return;
  const expected = provider?.value === 'ksp' ? 0 : 1;
  if (providerType.value === expected) return;
  throw infError(providerType.line, `ProviderType is ${expected} for this provider, or left out.`);
}

function completeValidity(draft: InfDraft): ValiditySpec {
  const { notBefore, notAfter, periodUnit, periodCount } = draft;
  const first = notBefore ?? notAfter ?? periodUnit ?? periodCount;
  if (first && draft.requestType !== 'Cert') {
    throw infError(first.line, 'only RequestType = Cert has a validity; of others the CA decides.');
  }
  if (notAfter && (periodUnit ?? periodCount)) {
    throw infError(notAfter.line, 'NotAfter and ValidityPeriod exclude each other. Remove one.');
  }
  const alone = periodUnit && periodCount ? undefined : (periodUnit ?? periodCount);
  if (alone) {
    throw infError(
      alone.line,
      'ValidityPeriod and ValidityPeriodUnits belong together; one is missing.',
    );
  }
  const period =
    periodUnit && periodCount
      ? { count: periodCount.value, unit: periodUnit.value }
      : DEFAULT_PERIOD;
  const spec = { notBefore: notBefore?.value, notAfter: notAfter?.value, period };
  const bounds = validityBounds(spec, new Date());
  if (bounds.notAfter <= bounds.notBefore) {
    throw infError(
      (notAfter ?? notBefore)?.line ?? 0,
      'the certificate would end before it begins.',
    );
  }
  if (!(bounds.notAfter.getUTCFullYear() <= 9999)) {
    throw infError(first?.line ?? 0, 'the certificate would end after the year 9999.');
  }
  return spec;
}
