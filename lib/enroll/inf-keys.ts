import type { HashName, KeySpec } from '../backend/backend.js';
import { VirtualSmartCardError } from '../errors.js';
import { newContainerName } from '../key-spec.js';
import {
  type DistinguishedName,
  DistinguishedNameError,
  parseDistinguishedName,
} from './distinguished-name.js';
import { type InfEntry, infError } from './inf-syntax.js';
import {
  booleanValue,
  dateValue,
  numberValue,
  onlyFalse,
  textValue,
  wordValue,
} from './inf-values.js';
import { type KeyUsage, keyUsageValue } from './key-usage.js';
import type { ValidityUnit } from './validity.js';

/** A value and the line that it comes from, for errors that show only later. */
export interface At<T> {
  value: T;
  line: number;
}

/** What the keys of [NewRequest] said so far. */
export interface InfDraft {
  requestType?: 'Cert' | 'PKCS10';
  subject?: DistinguishedName;
  keyFamily?: 'RSA' | 'EC-P256' | 'EC-P384';
  keyLength?: At<number>;
  keySpec?: KeySpec;
  keyUsage?: KeyUsage[];
  hashAlgorithm?: HashName;
  notBefore?: At<Date>;
  notAfter?: At<Date>;
  periodUnit?: At<ValidityUnit>;
  periodCount?: At<number>;
  provider?: At<'csp' | 'ksp'>;
  providerType?: At<number>;
  container?: string;
  readerName?: At<string>;
  friendlyName?: string;
}

interface InfKey {
  name: string;
  read: (draft: InfDraft, entry: InfEntry) => void;
}

const KEYS: InfKey[] = [
  key('Subject', (draft, entry) => {
    draft.subject = subjectValue(entry);
  }),
  key('RequestType', (draft, entry) => {
    const words = { Cert: 'Cert', PKCS10: 'PKCS10', '4': 'Cert', '1': 'PKCS10' } as const;
    draft.requestType = wordValue<'Cert' | 'PKCS10'>(entry, words);
  }),
  key('KeyAlgorithm', (draft, entry) => {
    const words = { RSA: 'RSA', ECDSA_P256: 'EC-P256', ECDSA_P384: 'EC-P384' } as const;
    draft.keyFamily = wordValue<'RSA' | 'EC-P256' | 'EC-P384'>(entry, words);
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
    } as const;
    const keySpec = wordValue<KeySpec | undefined>(entry, words);
    if (keySpec) draft.keySpec = keySpec;
  }),
  key('KeyUsage', (draft, entry) => {
    draft.keyUsage = keyUsageValue(entry);
  }),
  key('HashAlgorithm', (draft, entry) => {
    const words = { sha256: 'SHA256', sha384: 'SHA384', sha512: 'SHA512', sha1: 'SHA1' } as const;
    draft.hashAlgorithm = wordValue<HashName>(entry, words);
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
  key('KeyContainer', (draft, entry) => {
    draft.container = containerValue(entry);
  }),
  key('ReaderName', (draft, entry) => {
    draft.readerName = at(entry, textValue(entry, 256));
  }),
  key('FriendlyName', (draft, entry) => {
    draft.friendlyName = textValue(entry, 256);
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
  key('Exportable', (_draft, entry) => onlyFalse(entry, 'a key never leaves its card')),
  key('MachineKeySet', (_draft, entry) => onlyFalse(entry, 'a card belongs to its holder')),
  key('SMIME', (_draft, entry) => onlyFalse(entry, 'this library writes no such extension')),
  key('UseExistingKeySet', (_draft, entry) => onlyFalse(entry, 'every request gets a new key')),
  key('AlternateSignatureAlgorithm', (_draft, entry) =>
    onlyFalse(entry, 'certificates are signed by PKCS #1 v1.5 or ECDSA'),
  ),
  // True either way: every use of a card's key is protected by the PIN …
  key('UserProtected', (_draft, entry) => void booleanValue(entry)),
  // … and this library never opens a window.
  key('Silent', (_draft, entry) => void booleanValue(entry)),
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

function subjectValue(entry: InfEntry): DistinguishedName {
  try {
    return parseDistinguishedName(textValue(entry, 4096));
  } catch (error) {
    if (!(error instanceof DistinguishedNameError)) throw error;
    throw infError(entry.line, `the Subject cannot be read: ${error.message}.`);
  }
}

function containerValue(entry: InfEntry): string {
  try {
    return newContainerName(entry.value);
  } catch (error) {
    if (!VirtualSmartCardError.is(error, 'ERR_INVALID_ARGUMENT')) throw error;
    throw infError(entry.line, error.message);
  }
}
