import type { EnrollmentRequest } from './enrollment-request.js';
import { KEY_USES } from './inf-key-values.js';
import { type InfLine, quotedInf } from './inf-lines.js';
import { keyUsageBits } from './key-usage.js';

const PROVIDER_NAMES = {
  csp: 'Microsoft Base Smart Card Crypto Provider',
  ksp: 'Microsoft Smart Card Key Storage Provider',
} as const;

const KEY_PROTECTIONS = { none: '0', protect: '1', forceHighProtection: '2' } as const;

/** Keys of [NewRequest] that make the request; what is the default anyway is left out where it may be. */
export function requestLines(request: EnrollmentRequest): InfLine[] {
  const { subject, keyAlgorithm, keySpec, keyUsage, hashAlgorithm } = request;
  const rsa = keyAlgorithm.startsWith('RSA');
  return [
    ...(subject.text === '' ? [] : [line('Subject', quotedInf(subject.text))]),
    line('RequestType', request.requestType),
    line('KeyAlgorithm', rsa ? 'RSA' : keyAlgorithm.replace('EC-', 'ECDSA_')),
    line('KeyLength', keyAlgorithm.replace(/^\D+/, '')),
    line('KeySpec', keySpec === 'signature' ? 'AT_SIGNATURE' : 'AT_KEYEXCHANGE'),
    ...(keyUsage.length > 0 ? [line('KeyUsage', `0x${keyUsageBits(keyUsage).toString(16)}`)] : []),
    line('HashAlgorithm', hashAlgorithm.toLowerCase()),
    ...flag('AlternateSignatureAlgorithm', request.signaturePadding === 'pss'),
    ...validityLines(request),
    ...text('RenewalCert', request.renewalCertificate),
    ...flag('UseExistingKeySet', request.useExistingKey),
    ...text('KeyContainer', request.container),
    ...text('ReaderName', request.readerName?.value),
    ...text('ProviderName', request.provider && PROVIDER_NAMES[request.provider]),
    ...flag('SMIME', request.smime),
    ...flag('SuppressDefaults', request.suppressDefaults),
    ...text('FriendlyName', request.friendlyName),
  ];
}

/** Keys of [NewRequest] that Windows alone follows. */
export function settingLines({ windows = {} }: EnrollmentRequest): InfLine[] {
  const { silent, userProtected, keyProtection, uiContextMessage, keyUsageProperty } = windows;
  return [
    ...boolean('Silent', silent),
    ...boolean('UserProtected', userProtected),
    ...(keyProtection ? [line('KeyProtection', KEY_PROTECTIONS[keyProtection])] : []),
    ...text('UIContextMessage', uiContextMessage),
    ...(keyUsageProperty ? [line('KeyUsageProperty', keyUses(keyUsageProperty))] : []),
  ];
}

function validityLines({ requestType, validity, serialNumber }: EnrollmentRequest): InfLine[] {
  if (requestType !== 'Cert') return [];
  const { notBefore, notAfter, period } = validity;
  const unit = period.unit.charAt(0).toUpperCase() + period.unit.slice(1);
  return [
    ...(notBefore ? [line('NotBefore', isoDate(notBefore))] : []),
    ...(notAfter
      ? [line('NotAfter', isoDate(notAfter))]
      : [line('ValidityPeriod', unit), line('ValidityPeriodUnits', String(period.count))]),
    ...text('SerialNumber', serialNumber && Buffer.from(serialNumber).toString('hex')),
  ];
}

/** Whole seconds; a fraction is not dropped here but noticed when the text is read again. */
function isoDate(date: Date): string {
  return date.toISOString().replace(/\.000Z$/, 'Z');
}

function keyUses(uses: readonly (typeof KEY_USES)[number][]): string {
  return String(
    KEY_USES.reduce((bits, use, bit) => (uses.includes(use) ? bits | (1 << bit) : bits), 0),
  );
}

function line(key: string, value: string): InfLine {
  return [key, value];
}

/** A key that is FALSE when it is left out. */
function flag(key: string, value: boolean): InfLine[] {
  return value ? [line(key, 'TRUE')] : [];
}

function boolean(key: string, value: boolean | undefined): InfLine[] {
  return value === undefined ? [] : [line(key, value ? 'TRUE' : 'FALSE')];
}

function text(key: string, value: string | undefined): InfLine[] {
  return value === undefined ? [] : [line(key, quotedInf(value))];
}
