import { encodeTlv } from '../gids/tlv.js';
import {
  attributeTypeNamed,
  checkAttributeValue,
  DistinguishedNameError,
  type NameAttribute,
} from './attribute-types.js';
import { sequence, Tag, wholeTlv } from './der.js';

export { DistinguishedNameError } from './attribute-types.js';

/** An X.500 name. */
export interface DistinguishedName {
  /** As RFC 4514 and INF texts have it, the most specific part first; empty for no name. */
  text: string;
  /** DER of the X.501 Name, the most specific part last. */
  der: Buffer;
}

/** No name: what a subject is where only the alternative names tell it. */
export const EMPTY_NAME: DistinguishedName = Object.freeze({ text: '', der: sequence() });

/** One attribute of a name, its value as plain text: nothing is quoted or escaped. */
export interface NameAttributeInput {
  /** `CN`, `O`, `OU`, `C`, `L`, `S`, `STREET`, `T`, `G`, `I`, `SN`, `E`, `DC`, `UID`, `SERIALNUMBER`, or a dotted object identifier. */
  type: string;
  /** As long and of such letters as X.509 allows for the type. */
  value: string;
}

/**
 * Reads an X.500 name as certreq takes it and RFC 4514 writes it: `CN=Jo Doe, O="Doe, Inc.", C=DE`.
 * Parts are separated by `,` or `;`, attributes of one part by `+`. A value is quoted (inside, a
 * doubled quote stands for one), escaped by backslashes, or DER in hexadecimal behind a `#`. As
 * there, the first part of the text becomes the last of the encoded name.
 *
 * @throws DistinguishedNameError
 */
export function parseDistinguishedName(text: string): DistinguishedName {
  const parts: NameAttribute[][] = [[]];
  let rest = text;
  for (;;) {
    const { attribute, separator, after } = readAttribute(rest);
    parts.at(-1)?.push(attribute);
    rest = after;
    if (separator === '') break;
    if (separator !== '+') parts.push([]);
  }
  return { text, der: encodeName(parts) };
}

/**
 * Makes an X.500 name of its parts, the most specific part first; a part of several attributes is an
 * array.
 *
 * @throws DistinguishedNameError
 */
export function composeDistinguishedName(
  parts: readonly (readonly NameAttributeInput[])[],
): DistinguishedName {
  const text = parts
    .map((part) => part.map(({ type, value }) => `${type}=${escaped(value)}`).join('+'))
    .join(', ');
  const encoded = parts.map((part) => part.map(({ type, value }) => textAttribute(type, value)));
  return { text, der: encodeName(encoded) };
}

function textAttribute(name: string, value: string): NameAttribute {
  const type = attributeTypeNamed(name);
  checkAttributeValue(name, type, value);
  return { type, value: encodeTlv(type.stringTag, Buffer.from(value, 'utf8')) };
}

/** `type = value`, up to the separator behind it. */
function readAttribute(text: string): {
  attribute: NameAttribute;
  separator: string;
  after: string;
} {
  const found = /^\s*([A-Za-z][A-Za-z0-9]*|(?:OID\.)?[0-9]+(?:\.[0-9]+)+)\s*=\s*/i.exec(text);
  const [head, name] = found ?? [];
  if (head === undefined || name === undefined) {
    throw new DistinguishedNameError(
      text.trim() === ''
        ? 'a part of it is missing'
        : `expected NAME=value (such as CN=Jo) at "${text.trim().slice(0, 40)}"`,
    );
  }
  const body = text.slice(head.length);
  const { attribute, length } = readValue(name, body);
  const end = /^\s*([,;+]?)/.exec(body.slice(length));
  const separator = end?.[1] ?? '';
  const after = body.slice(length + (end?.[0].length ?? 0));
  if (separator === '' && after !== '') {
    throw new DistinguishedNameError(`expected a comma before "${after.slice(0, 40)}"`);
  }
  return { attribute, separator, after };
}

function readValue(name: string, body: string): { attribute: NameAttribute; length: number } {
  const hex = /^#((?:[0-9a-f]{2})+)(?=\s*(?:[,;+]|$))/i.exec(body);
  if (hex) {
    const value = Buffer.from(hex[1] ?? '', 'hex');
    if (!wholeTlv(value)) {
      throw new DistinguishedNameError(`the hexadecimal value of ${name} is not DER`);
    }
    return { attribute: { type: attributeTypeNamed(name), value }, length: hex[0].length };
  }
  const { value, length } = body.startsWith('"') ? readQuoted(body) : readPlain(body);
  return { attribute: textAttribute(name, value), length };
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
  return text.replace(/(?:\\[0-9a-f]{2})+|\\(.?)/gisu, (found, character: string | undefined) => {
    if (character === undefined) return decodeUtf8(found.replaceAll('\\', ''));
    if (character !== '' && ' "#+,;<=>\\'.includes(character)) return character;
    throw new DistinguishedNameError(
      `"\\${character}" escapes nothing; write \\\\ for a backslash`,
    );
  });
}

function escaped(value: string): string {
  return value.replace(/[",+;<=>\\]|^[ #]| $/g, (character) => `\\${character}`);
}

function decodeUtf8(hex: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(hex, 'hex'));
  } catch (cause) {
    throw new DistinguishedNameError(`the escaped bytes ${hex} are not UTF-8`, { cause });
  }
}

function encodeName(parts: readonly NameAttribute[][]): Buffer {
  return sequence(...parts.map(encodePart).reverse());
}

/** A RelativeDistinguishedName; DER wants a SET OF sorted by encoding (X.690, 11.6). */
function encodePart(attributes: readonly NameAttribute[]): Buffer {
  const encoded = attributes.map(({ type, value }) => sequence(type.oid, value));
  return encodeTlv(Tag.SET, ...encoded.sort(Buffer.compare));
}
