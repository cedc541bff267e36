import { booleanOption, checkOptions } from '../arguments.js';
import { describeType, describeValue, invalidArgument } from '../errors.js';
import { wholeTlv } from './der.js';
import {
  composeDistinguishedName,
  type DistinguishedName,
  DistinguishedNameError,
  EMPTY_NAME,
  type NameAttributeInput,
  parseDistinguishedName,
} from './distinguished-name.js';
import type { ExtensionSpec } from './enrollment-request.js';
import { EXTENDED_KEY_USAGE_NAMES, extendedKeyUsageOid } from './extended-key-usage.js';
import { EXTENSION_OIDS } from './extension-oids.js';
import { GENERAL_NAME_TYPES, type GeneralName, generalNameFault } from './general-name.js';
import { KEY_USAGES, type KeyUsage } from './key-usage.js';
import { isObjectIdentifier } from './object-identifier.js';
import type { CertificateContentSpec, NameInput } from './request-spec.js';

/** Names, usages and extensions: more than any certificate has, and few enough to be quick. */
const MAX_ENTRIES = 1000;
const MAX_PATH_LENGTH = 255;

/** The words by which a specification asks for an extension. */
const WORDS = new Map<string, string>([
  [EXTENSION_OIDS.keyUsage, 'keyUsage'],
  [EXTENSION_OIDS.subjectAltName, 'subjectAlternativeNames'],
  [EXTENSION_OIDS.basicConstraints, 'basicConstraints'],
  [EXTENSION_OIDS.extendedKeyUsage, 'extendedKeyUsage'],
  [EXTENSION_OIDS.smimeCapabilities, 'smime'],
]);

/** What a certificate is to say, checked. */
export function readContent(spec: CertificateContentSpec) {
  return {
    subject: spec.subject === undefined ? EMPTY_NAME : readName(spec.subject, 'subject'),
    subjectAlternativeNames: list(spec.subjectAlternativeNames, 'subjectAlternativeNames').map(
      readGeneralName,
    ),
    extendedKeyUsage: list(spec.extendedKeyUsage, 'extendedKeyUsage').map(readExtendedKeyUsage),
    keyUsage: list(spec.keyUsage, 'keyUsage').map(readKeyUsage),
    basicConstraints: readBasicConstraints(spec.basicConstraints),
    extensions: readExtensions(spec),
    critical: [],
    smime: booleanOption(spec.smime, 'smime', false),
    suppressDefaults: booleanOption(spec.suppressDefaults, 'suppressDefaults', false),
  };
}

/**
 * An X.500 name in any of the forms that a caller may give.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 */
export function readName(name: NameInput, parameter: string): DistinguishedName {
  const expected = "an X.500 name such as 'CN=Jo Doe,O=Example' or { CN: 'Jo Doe', O: 'Example' }";
  try {
    if (typeof name === 'string') return parseDistinguishedName(name);
    if (typeof name !== 'object' || name === null) {
      throw invalidArgument(parameter, expected, describeType(name));
    }
    const parts = Array.isArray(name) ? name.map(partOf) : partsOf(name as object);
    if (parts.length === 0) throw new DistinguishedNameError('it has no part');
    if (parts.length > MAX_ENTRIES) throw new DistinguishedNameError('it has too many parts');
    return composeDistinguishedName(parts.map((part) => part.map(checkAttribute)));
  } catch (error) {
    if (!(error instanceof DistinguishedNameError)) throw error;
    throw invalidArgument(parameter, expected, `another: ${error.message}`);
  }
}

function partOf(part: unknown): unknown[] {
  if (!Array.isArray(part)) return [part];
  if (part.length === 0) throw new DistinguishedNameError('a part of it has no attribute');
  return part;
}

function partsOf(name: object): unknown[][] {
  return Object.entries(name).flatMap(([type, value]) =>
    (Array.isArray(value) ? value : [value]).map((each) => [{ type, value: each }]),
  );
}

function checkAttribute(attribute: unknown): NameAttributeInput {
  const { type, value } = (attribute ?? {}) as Partial<NameAttributeInput>;
  if (typeof type === 'string' && typeof value === 'string') return { type, value };
  throw new DistinguishedNameError('a part of it is not { type, value } with two texts');
}

function readGeneralName(name: unknown): GeneralName {
  const parameter = 'subjectAlternativeNames';
  const types = GENERAL_NAME_TYPES.join(', ');
  const { type } = (name ?? {}) as Partial<GeneralName>;
  if (type === undefined || !GENERAL_NAME_TYPES.includes(type)) {
    throw invalidArgument(parameter, `names whose type is one of ${types}`, describeValue(type));
  }
  checkOptions(
    name,
    type === 'otherName' ? ['type', 'oid', 'value'] : ['type', 'value'],
    parameter,
  );
  const checked = name as GeneralName;
  const fault = generalNameFault(checked);
  if (fault === undefined) return checked;
  throw invalidArgument(
    parameter,
    `${fault} for a name of type ${type}`,
    describeValue(checked.value),
  );
}

function readExtendedKeyUsage(usage: unknown): string {
  const oid = typeof usage === 'string' ? extendedKeyUsageOid(usage) : undefined;
  if (oid !== undefined) return oid;
  if (isObjectIdentifier(usage)) return usage;
  const names = EXTENDED_KEY_USAGE_NAMES.join(', ');
  throw invalidArgument(
    'extendedKeyUsage',
    `of ${names}, or dotted object identifiers`,
    describeValue(usage),
  );
}

function readKeyUsage(usage: unknown): KeyUsage {
  const known = KEY_USAGES.find((each) => each === usage);
  if (known !== undefined) return known;
  throw invalidArgument('keyUsage', `of ${KEY_USAGES.join(', ')}`, describeValue(usage));
}

function readBasicConstraints(constraints: CertificateContentSpec['basicConstraints']) {
  if (constraints === undefined) return undefined;
  checkOptions(constraints, ['ca', 'pathLength'], 'basicConstraints');
  const { ca, pathLength } = constraints;
  if (typeof ca !== 'boolean') {
    throw invalidArgument('basicConstraints.ca', 'true or false', describeType(ca));
  }
  if (pathLength === undefined) return { ca, pathLength };
  const parameter = 'basicConstraints.pathLength';
  if (!ca) throw invalidArgument(parameter, 'nothing where ca is false', String(pathLength));
  if (!Number.isInteger(pathLength) || pathLength < 0 || pathLength > MAX_PATH_LENGTH) {
    throw invalidArgument(parameter, `a whole number to ${MAX_PATH_LENGTH}`, String(pathLength));
  }
  return { ca, pathLength };
}

function readExtensions(spec: CertificateContentSpec): ExtensionSpec[] {
  const seen = new Set<string>();
  return list(spec.extensions, 'extensions').map((extension) => {
    checkOptions(extension, ['oid', 'critical', 'value'], 'extensions');
    const { oid, critical, value } = extension as Partial<ExtensionSpec>;
    if (!isObjectIdentifier(oid)) {
      throw invalidArgument('extensions', 'a dotted oid in each', describeValue(oid));
    }
    const word = WORDS.get(oid);
    const isAskedForTwice = word !== undefined && Object.hasOwn(spec, word);
    if (seen.has(oid) || isAskedForTwice) {
      const expected = word === undefined ? 'each once' : `each once, ${word} included`;
      throw invalidArgument('extensions', expected, `${oid} twice`);
    }
    seen.add(oid);
    if (!(value instanceof Uint8Array) || !wholeTlv(value)) {
      throw invalidArgument('extensions', `DER as the value of ${oid}`, describeType(value));
    }
    const isCritical = booleanOption(critical, 'extensions', false);
    return { oid, critical: isCritical, value: Uint8Array.from(value) };
  });
}

function list(value: unknown, parameter: string): unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw invalidArgument(parameter, 'an array', describeType(value));
  if (value.length <= MAX_ENTRIES) return value;
  throw invalidArgument(parameter, `at most ${MAX_ENTRIES} entries`, String(value.length));
}
