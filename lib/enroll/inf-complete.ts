import type { KeyAlgorithm } from '../backend/backend.js';
import { type DistinguishedName, EMPTY_NAME } from './distinguished-name.js';
import type { EnrollmentRequest } from './enrollment-request.js';
import { EXTENSION_OIDS } from './extension-oids.js';
import { infError } from './inf-error.js';
import type { InfExtensions } from './inf-extension-set.js';
import { distinguishedNameValue } from './inf-general-names.js';
import type { InfDraft } from './inf-keys.js';
import { withoutNameFlags } from './inf-name-flags.js';
import type { InfProperties } from './inf-properties.js';
import { alreadyThere } from './inf-syntax.js';
import { completeValidity } from './inf-validity.js';

/** What the sections beside [NewRequest] said. */
export interface InfRest {
  extensions: InfExtensions;
  requestAttributes: EnrollmentRequest['requestAttributes'];
  properties: InfProperties | undefined;
}

/** Fills in the defaults and checks what depends on more than one key. */
export function completeRequest(
  draft: InfDraft,
  rest: InfRest,
  sectionLine: number,
): EnrollmentRequest {
  const requestType = draft.requestType ?? 'PKCS10';
  const keyAlgorithm = completeKeyAlgorithm(draft);
  checkProvider(draft, keyAlgorithm);
  checkRenewal(draft, requestType, sectionLine);
  const { serialNumber, keyUsage } = draft;
  if (serialNumber && requestType !== 'Cert') {
    throw infError(
      serialNumber.line,
      'only RequestType = Cert has a SerialNumber; that of others the CA chooses.',
    );
  }
  if (keyUsage && keyUsage.value.length > 0) {
    rest.extensions.addModelled(EXTENSION_OIDS.keyUsage, keyUsage.line, {
      keyUsage: keyUsage.value,
    });
  }
  const extensions = rest.extensions.complete();
  checkOldNames(draft, hasAlternativeNames(extensions));
  return {
    requestType,
    subject: completeSubject(
      draft,
      requestType,
      mayLackSubject(draft, rest, extensions),
      sectionLine,
    ),
    keyAlgorithm,
    keySpec: draft.keySpec ?? (keyAlgorithm.startsWith('EC') ? 'signature' : 'keyExchange'),
    hashAlgorithm: draft.hashAlgorithm ?? 'SHA256',
    signaturePadding: completePadding(draft, keyAlgorithm),
    validity: completeValidity(draft),
    serialNumber: serialNumber?.value,
    ...extensions,
    requestAttributes: rest.requestAttributes,
    suppressDefaults: draft.suppressDefaults ?? false,
    smime: draft.smime ?? false,
    renewalCertificate: draft.renewalCertificate?.value,
    useExistingKey: draft.useExistingKey?.value ?? false,
    provider: draft.provider?.value,
    container: draft.container,
    readerName: draft.readerName,
    friendlyName: completeFriendlyName(draft, rest.properties),
    ...completeWindows(draft, rest.properties),
  };
}

type NamingExtensions = Pick<EnrollmentRequest, 'subjectAlternativeNames' | 'extensions'>;

function hasAlternativeNames({ subjectAlternativeNames, extensions }: NamingExtensions): boolean {
  return (
    subjectAlternativeNames.length > 0 ||
    extensions.some(({ oid }) => oid === EXTENSION_OIDS.subjectAltName)
  );
}

/** Others can say whom the certificate is about: alternative names, a template, the old certificate. */
function mayLackSubject(
  { renewalCertificate }: InfDraft,
  { requestAttributes }: InfRest,
  extensions: NamingExtensions,
): boolean {
  return (
    renewalCertificate !== undefined ||
    hasAlternativeNames(extensions) ||
    requestAttributes.some(({ name }) => /^(CertificateTemplate|SAN)$/i.test(name))
  );
}

function completeSubject(
  { subject, nameFlags }: InfDraft,
  requestType: EnrollmentRequest['requestType'],
  mayLack: boolean,
  sectionLine: number,
): DistinguishedName {
  if (subject) {
    const { value, line } = subject;
    return distinguishedNameValue(
      nameFlags ? withoutNameFlags(value, nameFlags) : value,
      'Subject',
      line,
    );
  }
  if (mayLack && requestType !== 'Cert') return EMPTY_NAME;
  throw infError(sectionLine, '[NewRequest] has no Subject, such as "CN=Jo Doe".');
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

function completePadding({ pss }: InfDraft, key: KeyAlgorithm): 'pkcs1' | 'pss' {
  if (!pss?.value) return 'pkcs1';
  if (!key.startsWith('EC')) return 'pss';
  throw infError(pss.line, 'AlternateSignatureAlgorithm = TRUE means RSASSA-PSS, so an RSA key.');
}

function checkRenewal(
  { renewalCertificate: old, useExistingKey, container }: InfDraft,
  requestType: EnrollmentRequest['requestType'],
  sectionLine: number,
): void {
  if (old && requestType !== 'PKCS7' && requestType !== 'CMC') {
    throw infError(
      old.line,
      'RenewalCert needs RequestType = PKCS7 or CMC, which the old key signs.',
    );
  }
  if (!old && requestType === 'PKCS7') {
    throw infError(
      sectionLine,
      'RequestType = PKCS7 is signed by an old key: RenewalCert is missing.',
    );
  }
  if (useExistingKey?.value && !old && container === undefined) {
    throw infError(
      useExistingKey.line,
      'UseExistingKeySet = TRUE needs KeyContainer or RenewalCert.',
    );
  }
}

/** Where the old certificate supplies the names, the INF must not say others. */
function checkOldNames(
  { namesFromOldCertificate: flag, renewalCertificate, subject }: InfDraft,
  hasNames: boolean,
): void {
  if (!flag?.value) return;
  if (!renewalCertificate) {
    throw infError(
      flag.line,
      'the old certificate would supply the names, but RenewalCert is missing.',
    );
  }
  if (subject || hasNames) {
    throw infError(
      flag.line,
      'the old certificate would supply the names, but the INF says others. Remove one.',
    );
  }
}

function completeFriendlyName(
  { friendlyName }: InfDraft,
  properties: InfProperties | undefined,
): string | undefined {
  const property = properties?.friendlyName;
  if (friendlyName && property)
    throw alreadyThere('FriendlyName', property.line, friendlyName.line);
  return (friendlyName ?? property)?.value;
}

function completeWindows({ windows }: InfDraft, properties: InfProperties | undefined) {
  const others = properties?.others ?? [];
  const settings = { ...windows, ...(others.length > 0 && { properties: others }) };
  return Object.keys(settings).length > 0 ? { windows: settings } : {};
}
