import { encodeTlv } from '../gids/tlv.js';

/** An X.500 name. */
export interface DistinguishedName {
  /** As the INF has it, the most specific part first. */
  text: string;
  /** DER of the X.501 Name, the most specific part last. */
  der: Buffer;
}

/** A name that cannot be read; its message says where and why. */
export class DistinguishedNameError extends Error {}

interface AttributeType {
  /** Without the tag: bytes of the object identifier. */
  oid: Buffer;
  /** DER string type: UTF8String, PrintableString or IA5String. */
  stringTag: number;
  /** Upper bound in characters (RFC 5280, appendix A.1). */
  maxLength: number;
  /** What the value must look like besides. */
  pattern?: RegExp;
}

interface Attribute {
  type: AttributeType;
  value: string;
}

const UTF8_STRING = 0x0c;
const PRINTABLE_STRING = 0x13;
const IA5_STRING = 0x16;
const SEQUENCE = 0x30;
const SET = 0x31;
const OBJECT_IDENTIFIER = 0x06;

const PRINTABLE = /^[A-Za-z0-9 '()+,\-./:=?]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII begins with them
const ASCII = /^[\x00-\x7f]*$/;

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
 * Reads an X.500 name as certreq takes it and RFC 4514 writes it: `CN=Jo Doe, O="Doe, Inc.", C=DE`.
 * Parts are separated by `,` or `;`, attributes of one part by `+`. A value is quoted (inside, a
 * doubled quote stands for one) or escaped by backslashes. As there, the first part of the text
 * becomes the last of the encoded name.
 *
 * @throws DistinguishedNameError
 */
export function parseDistinguishedName(text: string): DistinguishedName {
  const parts: Attribute[][] = [[]];
  let rest = text;
  for (;;) {
    const { attribute, separator, after } = readAttribute(rest);
    parts.at(-1)?.push(attribute);
    rest = after;
    if (separator === '') break;
    if (separator !== '+') parts.push([]);
  }
  return { text, der: encodeTlv(SEQUENCE, ...parts.reverse().map(encodePart)) };
}

/** `type = value`, up to the separator behind it. */
function readAttribute(text: string): { attribute: Attribute; separator: string; after: string } {
  const found = /^\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*/.exec(text);
  const [head, name] = found ?? [];
  if (head === undefined || name === undefined) {
    throw new DistinguishedNameError(
      text.trim() === ''
        ? 'a part of it is missing'
        : `expected NAME=value (such as CN=Jo) at "${text.trim().slice(0, 40)}"`,
    );
  }
  const type = TYPES.get(name.toUpperCase());
  if (!type) throw new DistinguishedNameError(`"${name}" is none of ${NAMES}`);
  const body = text.slice(head.length);
  const { value, length } = body.startsWith('"') ? readQuoted(body) : readPlain(body);
  checkValue(name, type, value);
  const end = /^\s*([,;+]?)/.exec(body.slice(length));
  const separator = end?.[1] ?? '';
  const after = body.slice(length + (end?.[0].length ?? 0));
  if (separator === '' && after !== '') {
    throw new DistinguishedNameError(`expected a comma before "${after.slice(0, 40)}"`);
  }
  return { attribute: { type, value }, separator, after };
}

function readQuoted(body: string): { value: string; length: number } {
  const [whole, inner] = /^"((?:[^"\\]|""|\\.)*)"/su.exec(body) ?? [];
  if (whole === undefined || inner === undefined) {
    throw new DistinguishedNameError('a closing quote is missing');
  }
  return {
    value: unescaped(inner.replace(/\\.|""/gsu, (token) => (token === '""' ? '\\"' : token))),
    length: whole.length,
  };
}

/** Up to a separator that is not escaped; blanks around are not part of the value. */
function readPlain(body: string): { value: string; length: number } {
  const whole = /^(?:[^,;+"\\]|\\.)*/su.exec(body)?.[0] ?? '';
  if (body[whole.length] === '"' || body[whole.length] === '\\') {
    throw new DistinguishedNameError('a quote or a final backslash in a value must be escaped');
  }
  const trimmed = /^((?:[^\\]|\\.)*?)\s*$/su.exec(whole)?.[1] ?? '';
  return { value: unescaped(trimmed), length: whole.length };
}

/** RFC 4514, 2.4: a backslash before a special character, or before two hexadecimal digits of UTF-8. */
function unescaped(text: string): string {
  return text.replace(/(?:\\[0-9a-f]{2})+|\\(.?)/gisu, (escaped, character: string | undefined) => {
    if (character === undefined) return decodeUtf8(escaped.replaceAll('\\', ''));
    if (character !== '' && ' "#+,;<=>\\'.includes(character)) return character;
    throw new DistinguishedNameError(
      `"\\${character}" escapes nothing; write \\\\ for a backslash`,
    );
  });
}

function decodeUtf8(hex: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(hex, 'hex'));
  } catch (cause) {
    throw new DistinguishedNameError(`the escaped bytes ${hex} are not UTF-8`, { cause });
  }
}

function checkValue(name: string, type: AttributeType, value: string): void {
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

/** A RelativeDistinguishedName; DER wants a SET OF sorted by encoding (X.690, 11.6). */
function encodePart(attributes: Attribute[]): Buffer {
  const encoded = attributes.map(({ type, value }) => {
    const oid = encodeTlv(OBJECT_IDENTIFIER, type.oid);
    return encodeTlv(SEQUENCE, oid, encodeTlv(type.stringTag, Buffer.from(value, 'utf8')));
  });
  return encodeTlv(SET, ...encoded.sort(Buffer.compare));
}

function attributeType(
  names: string[],
  oid: string,
  stringTag: number,
  maxLength: number,
  pattern?: RegExp,
): [string, AttributeType][] {
  const type = { oid: encodeOid(oid), stringTag, maxLength, ...(pattern && { pattern }) };
  return names.map((name) => [name, type]);
}

/** The content of an OBJECT IDENTIFIER (X.690, 8.19). */
function encodeOid(oid: string): Buffer {
  const [first = 0, second = 0, ...others] = oid.split('.').map(Number);
  return Buffer.from([40 * first + second, ...others].flatMap(base128));
}

function base128(number: number): number[] {
  const bytes = [number % 128];
  for (let rest = Math.floor(number / 128); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.unshift((rest % 128) | 0x80);
  }
  return bytes;
}
