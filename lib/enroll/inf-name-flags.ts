import { infError } from './inf-error.js';
import type { InfEntry } from './inf-syntax.js';
import { bitsValue } from './inf-values.js';

/** How X500NameFlags have the Subject read where they differ from what it is read like anyway. */
export interface NameFlags {
  /** Characters that separate the parts. */
  separators: string;
  /** Whether `+` separates attributes of one part. */
  plus: boolean;
  /** Whether quotes and backslashes have a meaning. */
  quoting: boolean;
  /** Whether the first part of the text is the first of the encoded name. */
  forward: boolean;
}

const SEMICOLON = 0x4000_0000;
const NO_PLUS = 0x2000_0000;
const NO_QUOTING = 0x1000_0000;
const CRLF = 0x800_0000;
const COMMA = 0x400_0000;
const FORWARD = 0x100_0000;
const ENABLE_T61 = 0x2_0000;
const DISABLE_UTF8 = 0x10_0000;

const SYMBOLS: ReadonlyMap<string, number> = new Map([
  ['CERT_NAME_STR_NONE', 0],
  ['CERT_OID_NAME_STR', 2],
  ['CERT_X500_NAME_STR', 3],
  ['CERT_NAME_STR_SEMICOLON_FLAG', SEMICOLON],
  ['CERT_NAME_STR_NO_PLUS_FLAG', NO_PLUS],
  ['CERT_NAME_STR_NO_QUOTING_FLAG', NO_QUOTING],
  ['CERT_NAME_STR_CRLF_FLAG', CRLF],
  ['CERT_NAME_STR_COMMA_FLAG', COMMA],
  ['CERT_NAME_STR_REVERSE_FLAG', 0x200_0000],
  ['CERT_NAME_STR_FORWARD_FLAG', FORWARD],
  ['CERT_NAME_STR_DISABLE_IE4_UTF8_FLAG', 0x1_0000],
  ['CERT_NAME_STR_ENABLE_T61_UNICODE_FLAG', ENABLE_T61],
  ['CERT_NAME_STR_ENABLE_UTF8_UNICODE_FLAG', 0x4_0000],
  ['CERT_NAME_STR_FORCE_UTF8_DIR_STR_FLAG', 0x8_0000],
  ['CERT_NAME_STR_DISABLE_UTF8_DIR_STR_FLAG', DISABLE_UTF8],
  ['CERT_NAME_STR_ENABLE_PUNYCODE_FLAG', 0x20_0000],
]);

/** X500NameFlags; undefined for those that change nothing. */
export function nameFlagsValue(entry: InfEntry): NameFlags | undefined {
  const bits = bitsValue(entry, SYMBOLS);
  if ((bits & (ENABLE_T61 | DISABLE_UTF8)) !== 0) {
    throw infError(
      entry.line,
      'names are encoded in UTF-8, as RFC 5280 wants it; leave out the flags for others.',
    );
  }
  if ((bits & CRLF) !== 0) {
    throw infError(
      entry.line,
      'a value has no line breaks that could separate the parts of a name.',
    );
  }
  const separators = `${bits & COMMA ? ',' : ''}${bits & SEMICOLON ? ';' : ''}`;
  const changes = SEMICOLON | COMMA | NO_PLUS | NO_QUOTING | FORWARD;
  if ((bits & changes) === 0) return undefined;
  return {
    separators: separators === '' ? ',;' : separators,
    plus: (bits & NO_PLUS) === 0,
    quoting: (bits & NO_QUOTING) === 0,
    forward: (bits & FORWARD) !== 0,
  };
}

/** The same name as it is written without flags. */
export function withoutNameFlags(text: string, flags: NameFlags): string {
  const parts: string[][] = [[]];
  for (const { text: attribute, separator } of splitName(text, flags)) {
    parts.at(-1)?.push(plainAttribute(attribute, flags));
    if (separator !== '' && separator !== '+') parts.push([]);
  }
  if (flags.forward) parts.reverse();
  return parts.map((attributes) => attributes.join('+')).join(',');
}

function splitName(text: string, { separators, plus, quoting }: NameFlags) {
  const ends = plus ? `${separators}+` : separators;
  const found: { text: string; separator: string }[] = [];
  let start = 0;
  let quoted = false;
  for (let offset = 0; offset < text.length; offset += 1) {
    const character = text.charAt(offset);
    if (quoting && character === '\\') offset += 1;
    else if (quoting && character === '"') quoted = !quoted;
    else if (!quoted && ends.includes(character)) {
      found.push({ text: text.slice(start, offset), separator: character });
      start = offset + 1;
    }
  }
  found.push({ text: text.slice(start), separator: '' });
  return found;
}

/** An attribute whose value is in quotes, so that no character in it separates anything. */
function plainAttribute(attribute: string, { quoting }: NameFlags): string {
  const equals = attribute.indexOf('=');
  if (equals === -1) return attribute;
  const name = attribute.slice(0, equals + 1);
  const value = attribute.slice(equals + 1).trim();
  if (quoting && value.startsWith('"')) return name + value;
  return `${name}"${quoting ? value : value.replaceAll('\\', '\\\\').replaceAll('"', '""')}"`;
}
