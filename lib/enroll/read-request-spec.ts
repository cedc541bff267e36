import { keyType } from '../algorithms.js';
import { booleanOption, checkOptions, checkText, wordOption } from '../arguments.js';
import type { HashName } from '../backend/backend.js';
import { describeType, describeValue, invalidArgument } from '../errors.js';
import {
  checkContainerName,
  KEY_ALGORITHMS,
  keySpecOption,
  newContainerName,
} from '../key-spec.js';
import { type CertificateTemplate, templateByOid } from './certificate-template.js';
import type { EnrollmentRequest } from './enrollment-request.js';
import { isObjectIdentifier } from './object-identifier.js';
import { readContent } from './read-certificate-content.js';
import type { RequestKeySpec, RequestSpec, SelfSignedSpec } from './request-spec.js';
import { DEFAULT_PERIOD, VALIDITY_UNITS, type ValiditySpec, validityBounds } from './validity.js';

const HASHES: readonly HashName[] = ['SHA1', 'SHA256', 'SHA384', 'SHA512'];
const KEY_OPTIONS = ['container', 'useExistingKey', 'algorithm', 'keySpec', 'hash', 'padding'];
const CONTENT_OPTIONS = [
  'subject',
  'subjectAlternativeNames',
  'extendedKeyUsage',
  'keyUsage',
  'basicConstraints',
  'smime',
  'extensions',
  'suppressDefaults',
];
const SELF_SIGNED_OPTIONS = ['validity', 'serialNumber', 'friendlyName'];
const REQUEST_OPTIONS = ['requestType', 'certificateTemplate', 'attributes'];
const MAX_PERIOD_COUNT = 0xffffffff;
const MAX_SERIAL_LENGTH = 20;
const MAX_VERSION = 0xffffffff;

/**
 * A self-signed certificate's specification, checked and complete.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 */
export function readSelfSignedSpec(spec: SelfSignedSpec): EnrollmentRequest {
  checkOptions(spec, [...CONTENT_OPTIONS, ...KEY_OPTIONS, ...SELF_SIGNED_OPTIONS], 'request');
  const request = { ...readKeySpec(spec), ...readContent(spec) };
  if (request.subject.text === '' && request.subjectAlternativeNames.length === 0) {
    throw invalidArgument('subject', 'a name, or subjectAlternativeNames', 'neither');
  }
  return {
    ...NOTHING_ASKED_FOR,
    ...request,
    requestType: 'Cert',
    validity: readValidity(spec.validity),
    serialNumber: readSerialNumber(spec.serialNumber),
    friendlyName:
      spec.friendlyName === undefined
        ? undefined
        : checkText(spec.friendlyName, 'friendlyName', 256),
  };
}

/**
 * A request's specification, checked and complete.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 */
export function readRequestSpec(spec: RequestSpec): EnrollmentRequest {
  checkOptions(spec, [...CONTENT_OPTIONS, ...KEY_OPTIONS, ...REQUEST_OPTIONS], 'request');
  const content = readContent(spec);
  const { certificateTemplate } = spec;
  const requestAttributes = readAttributes(spec.attributes);
  const extensions = [...content.extensions];
  if (typeof certificateTemplate === 'string') {
    const value = checkText(certificateTemplate, 'certificateTemplate', 256);
    requestAttributes.push({ name: 'CertificateTemplate', value });
  } else if (certificateTemplate !== undefined) {
    extensions.push(templateByOid(checkTemplate(certificateTemplate)));
  }
  return {
    ...NOTHING_ASKED_FOR,
    ...readKeySpec(spec),
    ...content,
    requestType: wordOption(spec.requestType, 'requestType', ['PKCS10', 'CMC'], 'PKCS10'),
    extensions,
    requestAttributes,
  };
}

/** The key part of a specification. */
function readKeySpec(spec: RequestKeySpec) {
  const useExistingKey = booleanOption(spec.useExistingKey, 'useExistingKey', false);
  const { container } = spec;
  if (useExistingKey) refuseKeyOptions(spec);
  const keyAlgorithm = wordOption(spec.algorithm, 'algorithm', KEY_ALGORITHMS, 'RSA-2048');
  const signaturePadding = wordOption(spec.padding, 'padding', ['pkcs1', 'pss'], 'pkcs1');
  if (signaturePadding === 'pss' && keyType(keyAlgorithm) === 'EC') {
    throw invalidArgument('padding', 'nothing for an EC key', '"pss"');
  }
  return {
    container: container === undefined ? undefined : nameOf(container, useExistingKey),
    useExistingKey,
    keyAlgorithm,
    keySpec: keySpecOption(spec.keySpec, keyAlgorithm),
    hashAlgorithm: wordOption(spec.hash, 'hash', HASHES, 'SHA256'),
    signaturePadding,
  } as const;
}

function nameOf(container: string, isThere: boolean): string {
  return isThere ? checkContainerName(container) : newContainerName(container);
}

function refuseKeyOptions({ container, algorithm, keySpec }: RequestKeySpec): void {
  if (container === undefined) {
    throw invalidArgument('container', 'the name of the existing key', 'nothing');
  }
  for (const [name, value] of Object.entries({ algorithm, keySpec })) {
    if (value === undefined) continue;
    throw invalidArgument(name, 'nothing with useExistingKey: the key is made already', 'a value');
  }
}

function readAttributes(attributes: unknown): { name: string; value: string }[] {
  if (attributes === undefined) return [];
  if (typeof attributes !== 'object' || attributes === null || Array.isArray(attributes)) {
    throw invalidArgument('attributes', 'an object of names and texts', describeType(attributes));
  }
  return Object.entries(attributes).map(([name, value]) => {
    if (/^certificatetemplate$/i.test(name)) {
      throw invalidArgument('attributes', 'certificateTemplate for the template', `"${name}"`);
    }
    const parameter = `attributes.${name.slice(0, 80)}`;
    return { name: checkText(name, 'attributes', 128), value: checkText(value, parameter, 4096) };
  });
}

function checkTemplate(template: CertificateTemplate): CertificateTemplate {
  checkOptions(template, ['oid', 'major', 'minor'], 'certificateTemplate');
  const { oid, major, minor } = template;
  if (!isObjectIdentifier(oid)) {
    throw invalidArgument(
      'certificateTemplate.oid',
      'a dotted object identifier',
      describeValue(oid),
    );
  }
  for (const [name, version] of Object.entries({ major, minor })) {
    if (version === undefined) continue;
    if (Number.isInteger(version) && version >= 0 && version <= MAX_VERSION) continue;
    throw invalidArgument(`certificateTemplate.${name}`, 'a whole number', String(version));
  }
  if (minor !== undefined && major === undefined) {
    throw invalidArgument('certificateTemplate.major', 'a whole number beside minor', 'nothing');
  }
  return template;
}

function readValidity(validity: SelfSignedSpec['validity'] = {}): ValiditySpec {
  checkOptions(validity, ['notBefore', 'notAfter', 'period'], 'validity');
  const { notBefore, notAfter, period } = validity;
  checkDate(notBefore, 'validity.notBefore');
  checkDate(notAfter, 'validity.notAfter');
  if (notAfter && period) {
    throw invalidArgument('validity', 'either notAfter or period', 'both');
  }
  const spec = {
    notBefore: wholeSeconds(notBefore),
    notAfter: wholeSeconds(notAfter),
    period: checkPeriod(period),
  };
  const bounds = validityBounds(spec, new Date());
  if (!(bounds.notAfter > bounds.notBefore)) {
    throw invalidArgument('validity', 'an end after the beginning', 'one before it');
  }
  if (!(bounds.notAfter.getUTCFullYear() <= 9999)) {
    throw invalidArgument('validity', 'an end before the year 10000', 'a later one');
  }
  return spec;
}

function checkPeriod(period: unknown): ValiditySpec['period'] {
  if (period === undefined) return DEFAULT_PERIOD;
  checkOptions(period, ['count', 'unit'], 'validity.period');
  const { count, unit } = period as Partial<ValiditySpec['period']>;
  const isCount = Number.isInteger(count) && (count ?? 0) >= 1 && (count ?? 0) <= MAX_PERIOD_COUNT;
  if (count === undefined || !isCount) {
    throw invalidArgument('validity.period.count', 'a whole number from 1', String(count));
  }
  return { count, unit: wordOption(unit, 'validity.period.unit', VALIDITY_UNITS, 'years') };
}

function checkDate(date: unknown, parameter: string): void {
  if (date === undefined) return;
  const isDate = date instanceof Date && date.getUTCFullYear() >= 1950;
  if (isDate && date.getUTCFullYear() <= 9999) return;
  const actual = date instanceof Date ? 'another' : describeType(date);
  throw invalidArgument(parameter, 'a Date from 1950 to 9999', actual);
}

function wholeSeconds(date: Date | undefined): Date | undefined {
  return date && new Date(Math.floor(date.getTime() / 1000) * 1000);
}

function readSerialNumber(serial: unknown): Uint8Array | undefined {
  if (serial === undefined) return undefined;
  const expected = `1 to ${MAX_SERIAL_LENGTH} bytes of a positive number`;
  if (!(serial instanceof Uint8Array) || serial.length < 1 || serial.length > MAX_SERIAL_LENGTH) {
    throw invalidArgument('serialNumber', expected, describeType(serial));
  }
  if ((serial[0] ?? 0) >= 0x80 || serial.every((byte) => byte === 0)) {
    throw invalidArgument('serialNumber', expected, 'a number that is not positive');
  }
  return Uint8Array.from(serial);
}

/** What a request has where nobody asks for anything. */
const NOTHING_ASKED_FOR = {
  validity: { notBefore: undefined, notAfter: undefined, period: DEFAULT_PERIOD },
  serialNumber: undefined,
  requestAttributes: [],
  renewalCertificate: undefined,
  provider: undefined,
  readerName: undefined,
  friendlyName: undefined,
} as const;
