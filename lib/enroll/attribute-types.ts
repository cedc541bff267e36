import { objectIdentifier, Tag } from './der.js';
import { isObjectIdentifier } from './object-identifier.js';

/** A type of attribute of an X.500 name, and what its values must be. */
export interface AttributeType {
  /** DER of the object identifier. */
  oid: Buffer;
  /** DER string type: UTF8String, PrintableString or IA5String. */
  stringTag: number;
  /** Upper bound in characters (RFC 5280, appendix A.1). */
  maxLength: number;
  /** What the value must look like besides. */
  pattern?: RegExp;
}

/** One attribute of an X.500 name: DER of the value beside its type. */
export interface NameAttribute {
  type: AttributeType;
  value: Buffer;
}

/** A name that cannot be read; its message says where and why. */
export class DistinguishedNameError extends Error {}

const { UTF8_STRING, PRINTABLE_STRING, IA5_STRING } = Tag;

const PRINTABLE = /^[A-Za-z0-9 '()+,\-./:=?]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII begins with them
const ASCII = /^[\x00-\x7f]*$/;

/** Of an attribute that is named by its object identifier. */
const OTHER_MAX_LENGTH = 1024;

const TYPES = new Map<string, AttributeType>([
  ...attributeType(['CN', 'COMMONNAME'], '2.5.4.3', UTF8_STRING, 64),
  ...attributeType(['SN', 'SURNAME'], '2.5.4.4', UTF8_STRING, 64),
  ...attributeType(['SERIALNUMBER'], '2.5.4.5', PRINTABLE_STRING, 64, PRINTABLE),
  ...attributeType(['C', 'COUNTRY'], '2.5.4.6', PRINTABLE_STRING, 2, /^[A-Za-z]{2}$/),
  ...attributeType(['L', 'LOCALITY'], '2.5.4.7', UTF8_STRING, 128),
  ...attributeType(['S', 'ST', 'STATE'], '2.5.4.8', UTF8_STRING, 128),
  ...attributeType(['STREET'], '2.5.4.9', UTF8_STRING, 128),
  ...attributeType(['O', 'ORGANIZATION'], '2.5.4.10', UTF8_STRING, 64),
  ...attributeType(['OU', 'ORGANIZATIONALUNIT'], '2.5.4.11', UTF8_STRING, 64),
  ...attributeType(['T', 'TITLE'], '2.5.4.12', UTF8_STRING, 64),
  ...attributeType(['G', 'GN', 'GIVENNAME'], '2.5.4.42', UTF8_STRING, 64),
  ...attributeType(['I', 'INITIALS'], '2.5.4.43', UTF8_STRING, 64),
  ...attributeType(['E', 'EMAIL', 'EMAILADDRESS'], '1.2.840.113549.1.9.1', IA5_STRING, 255, ASCII),
  ...attributeType(['DC'], '0.9.2342.19200300.100.1.25', IA5_STRING, 63, ASCII),
  ...attributeType(['UID', 'USERID'], '0.9.2342.19200300.100.1.1', UTF8_STRING, 256),
]);

const NAMES = 'CN, O, OU, C, L, S, STREET, T, G, I, SN, E, DC, UID, SERIALNUMBER';

/**
 * The type of that name, or with that object identifier.
 *
 * @throws DistinguishedNameError
 */
export function attributeTypeNamed(name: string): AttributeType {
  const known = TYPES.get(name.toUpperCase());
  if (known) return known;
  const dotted = name.replace(/^OID\./i, '');
  if (!isObjectIdentifier(dotted)) {
    throw new DistinguishedNameError(`"${name.slice(0, 40)}" is none of ${NAMES}`);
  }
  const oid = objectIdentifier(dotted);
  const named = [...TYPES.values()].find((type) => type.oid.equals(oid));
  return named ?? { oid, stringTag: UTF8_STRING, maxLength: OTHER_MAX_LENGTH };
}

/** @throws DistinguishedNameError when a value is not what its type has */
export function checkAttributeValue(name: string, type: AttributeType, value: string): void {
  if (value === '') throw new DistinguishedNameError(`${name} has no value`);
  const length = [...value].length;
  if (length > type.maxLength) {
    const limit = `at most ${type.maxLength} characters`;
    throw new DistinguishedNameError(
      `${name} has ${length} characters, where X.509 allows ${limit}`,
    );
  }
  if (type.pattern && !type.pattern.test(value)) {
    const wanted = name.toUpperCase().startsWith('C') ? 'two letters' : 'plain ASCII';
    throw new DistinguishedNameError(`${name} must be ${wanted}, not "${value.slice(0, 40)}"`);
  }
}

function attributeType(
  names: string[],
  oid: string,
  stringTag: number,
  maxLength: number,
  pattern?: RegExp,
): [string, AttributeType][] {
  const type = { oid: objectIdentifier(oid), stringTag, maxLength, ...(pattern && { pattern }) };
  return names.map((name) => [name, type]);
}
