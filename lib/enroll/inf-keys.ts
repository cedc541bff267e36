import type { HashName, KeySpec } from '../backend/backend.js';
import { VirtualSmartCardError } from '../errors.js';
import { newContainerName } from '../key-spec.js';
import type { EnrollmentRequest } from './enrollment-request.js';
import { dateValue } from './inf-dates.js';
import { infError } from './inf-error.js';
import {
  hashAlgorithmValue,
  keyAlgorithmValue,
  keyProtectionValue,
  keyUsagePropertyValue,
  namesFromOldCertificateValue,
  requestTypeValue,
  serialNumberValue,
  thumbprintValue,
} from './inf-key-values.js';
import { type NameFlags, nameFlagsValue } from './inf-name-flags.js';
import type { InfEntry } from './inf-syntax.js';
import { booleanValue, numberValue, textValue, wordValue } from './inf-values.js';
import { type KeyUsage, keyUsageValue } from './key-usage.js';
import type { ValidityUnit } from './validity.js';
import type { WindowsSettings } from './windows-settings.js';

/** A value and the line that it comes from, for errors that show only later. */
export interface At<T> {
  value: T;
  line: number;
}

/** What the keys of [NewRequest] said so far. */
export interface InfDraft {
  requestType?: EnrollmentRequest['requestType'];
  subject?: At<string>;
  nameFlags?: NameFlags;
  keyFamily?: 'RSA' | 'EC-P256' | 'EC-P384';
  keyLength?: At<number>;
  keySpec?: KeySpec;
  keyUsage?: At<KeyUsage[]>;
  hashAlgorithm?: HashName;
  pss?: At<boolean>;
  notBefore?: At<Date>;
  notAfter?: At<Date>;
  periodUnit?: At<ValidityUnit>;
  periodCount?: At<number>;
  serialNumber?: At<Buffer>;
  provider?: At<'csp' | 'ksp'>;
  providerType?: At<number>;
  container?: string;
  useExistingKey?: At<boolean>;
  renewalCertificate?: At<string>;
  namesFromOldCertificate?: At<boolean>;
  readerName?: At<string>;
  friendlyName?: At<string>;
  smime?: boolean;
  suppressDefaults?: boolean;
  windows: WindowsSettings;
}

interface InfKey {
  name: string;
  read: (draft: InfDraft, entry: InfEntry) => void;
}

const KEYS: InfKey[] = [
  key('Subject', (draft, entry) => {
    if (entry.value !== '') draft.subject = at(entry, textValue(entry, 4096));
  }),
  key('X500NameFlags', (draft, entry) => {
    const flags = nameFlagsValue(entry);
    if (flags) draft.nameFlags = flags;
  }),
  key('SubjectNameFlags', (draft, entry) => {
    draft.namesFromOldCertificate = at(entry, namesFromOldCertificateValue(entry));
  }),
  key('RequestType', (draft, entry) => {
    draft.requestType = requestTypeValue(entry);
  }),
  key('KeyAlgorithm', (draft, entry) => {
    draft.keyFamily = keyAlgorithmValue(entry);
  }),
  key('KeyLength', (draft, entry) => {
    draft.keyLength = at(entry, numberValue(entry, 1, 99_999));
  }),
  key('KeySpec', (draft, entry) => {
    const words = {
      AT_KEYEXCHANGE: 'keyExchange',
      AT_SIGNATURE: 'signature',
      AT_NONE: undefined,
      '1': 'keyExchange',
      '2': 'signature',
      '0': undefined,
      '0x1': 'keyExchange',
      '0x2': 'signature',
      '0x0': undefined,
    } as const;
    const keySpec = wordValue<KeySpec | undefined>(entry, words);
    if (keySpec) draft.keySpec = keySpec;
  }),
  key('KeyUsage', (draft, entry) => {
    draft.keyUsage = at(entry, keyUsageValue(entry));
  }),
  key('KeyUsageProperty', (draft, entry) => {
    draft.windows.keyUsageProperty = keyUsagePropertyValue(entry);
  }),
  key('HashAlgorithm', (draft, entry) => {
    draft.hashAlgorithm = hashAlgorithmValue(entry);
  }),
  key('AlternateSignatureAlgorithm', (draft, entry) => {
    draft.pss = at(entry, booleanValue(entry));
  }),
  key('ValidityPeriod', (draft, entry) => {
    const words = {
      Years: 'years',
      Months: 'months',
      Weeks: 'weeks',
      Days: 'days',
      Hours: 'hours',
      Minutes: 'minutes',
      Seconds: 'seconds',
    } as const;
    draft.periodUnit = at(entry, wordValue<ValidityUnit>(entry, words));
  }),
  key('ValidityPeriodUnits', (draft, entry) => {
    draft.periodCount = at(entry, numberValue(entry, 1, 999_999_999));
  }),
  key('NotBefore', (draft, entry) => {
    draft.notBefore = at(entry, dateValue(entry));
  }),
  key('NotAfter', (draft, entry) => {
    draft.notAfter = at(entry, dateValue(entry));
  }),
  key('SerialNumber', (draft, entry) => {
    draft.serialNumber = at(entry, serialNumberValue(entry));
  }),
  key('KeyContainer', (draft, entry) => {
    draft.container = containerValue(entry);
  }),
  key('UseExistingKeySet', (draft, entry) => {
    draft.useExistingKey = at(entry, booleanValue(entry));
  }),
  key('RenewalCert', (draft, entry) => {
    draft.renewalCertificate = at(entry, thumbprintValue(entry));
  }),
  key('ReaderName', (draft, entry) => {
    draft.readerName = at(entry, textValue(entry, 256));
  }),
  key('FriendlyName', (draft, entry) => {
    draft.friendlyName = at(entry, textValue(entry, 256));
  }),
  key('ProviderName', (draft, entry) => {
    const words = {
      'Microsoft Base Smart Card Crypto Provider': 'csp',
      'Microsoft Smart Card Key Storage Provider': 'ksp',
    } as const;
    draft.provider = at(entry, wordValue<'csp' | 'ksp'>(entry, words));
  }),
  key('ProviderType', (draft, entry) => {
    draft.providerType = at(entry, numberValue(entry, 0, 99));
  }),
  key('SMIME', (draft, entry) => {
    draft.smime = booleanValue(entry);
  }),
  key('SuppressDefaults', (draft, entry) => {
    draft.suppressDefaults = booleanValue(entry);
  }),
  key('UserProtected', (draft, entry) => {
    draft.windows.userProtected = booleanValue(entry);
  }),
  key('Silent', (draft, entry) => {
    draft.windows.silent = booleanValue(entry);
  }),
  key('KeyProtection', (draft, entry) => {
    draft.windows.keyProtection = keyProtectionValue(entry);
  }),
  key('UIContextMessage', (draft, entry) => {
    draft.windows.uiContextMessage = textValue(entry, 1024);
  }),
];

/** The keys of [NewRequest] that are understood, by lower-case name. */
export const INF_KEYS: ReadonlyMap<string, InfKey> = new Map(
  KEYS.map((each) => [each.name.toLowerCase(), each]),
);

function key(name: string, read: InfKey['read']): InfKey {
  return { name, read };
}

function at<T>({ line }: InfEntry, value: T): At<T> {
  return { value, line };
}

function containerValue(entry: InfEntry): string {
  try {
    return newContainerName(entry.value);
  } catch (error) {
    if (!VirtualSmartCardError.is(error, 'ERR_INVALID_ARGUMENT')) throw error;
    throw infError(entry.line, error.message);
  }
}
