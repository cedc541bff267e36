import {
  type DistinguishedName,
  DistinguishedNameError,
  parseDistinguishedName,
} from './distinguished-name.js';
import type { GeneralName } from './general-name.js';
import { canonicalIp, otherNameOf } from './general-name-der.js';
import { derValue } from './inf-binary.js';
import { infError, shown } from './inf-error.js';
import { type InfEntry, lineAt } from './inf-syntax.js';
import { oidValue } from './inf-values.js';

/** More of them fit in no certificate that anybody reads. */
const MAX_NAMES = 256;
const MAX_NAME_LENGTH = 1024;

const KINDS =
  'UPN, EMail, DNS, DirectoryName, URL, IPAddress, RegisteredId, GUID or an object identifier';

/**
 * Names as `"{text}dns=a.example&upn=jo@a.example"` has them behind `{text}`. A value that has a `&`
 * itself is put in quotes, where a doubled quote stands for one.
 *
 * @throws VirtualSmartCardError `ERR_INF`
 */
export function generalNamesText(entry: InfEntry, start: number): GeneralName[] {
  const names: GeneralName[] = [];
  for (const { text, offset } of splitAtAmpersands(entry.value, start)) {
    const line = lineAt(entry, offset);
    if (names.length === MAX_NAMES) throw infError(line, `more than ${MAX_NAMES} names.`);
    const equals = text.indexOf('=');
    if (equals === -1) {
      throw infError(line, `expected NAME=value, where NAME is ${KINDS}, not ${shown(text)}.`);
    }
    const value = unquoted(text.slice(equals + 1).trim(), line);
    names.push(generalNameValue(text.slice(0, equals).trim(), value, line));
  }
  if (names.length === 0)
    throw infError(entry.line, 'there is no name in it, such as DNS=host.example.');
  return names;
}

/** Parts between `&` outside of quotes, and where they begin; blank ones at the end are none. */
function splitAtAmpersands(value: string, start: number): { text: string; offset: number }[] {
  const parts: { text: string; offset: number }[] = [];
  let from = start;
  let quoted = false;
  for (let offset = start; offset <= value.length; offset += 1) {
    if (value[offset] === '"') quoted = !quoted;
    if (offset < value.length && (quoted || value[offset] !== '&')) continue;
    const text = value.slice(from, offset).trim();
    if (text !== '' || offset < value.length) parts.push({ text, offset: from });
    from = offset + 1;
  }
  return parts;
}

function unquoted(value: string, line: number): string {
  if (!value.startsWith('"')) return value;
  const inner = value.slice(1, -1);
  if (value.length >= 2 && value.endsWith('"') && !/"/.test(inner.replaceAll('""', ''))) {
    return inner.replaceAll('""', '"');
  }
  throw infError(line, `the quotes of ${shown(value)} do not match.`);
}

/**
 * One name by the word that INF texts have for its kind, or by an object identifier.
 *
 * @throws VirtualSmartCardError `ERR_INF`
 */
export function generalNameValue(kind: string, value: string, line: number): GeneralName {
  if (value.length < 1 || value.length > MAX_NAME_LENGTH) {
    throw infError(line, `${kind} has 1 to ${MAX_NAME_LENGTH} characters, not ${value.length}.`);
  }
  switch (kind.toLowerCase()) {
    case 'dns':
      return {
        type: 'dns',
        value: matching(
          value,
          DNS,
          line,
          'a host such as www.example.org, in ASCII (xn--… for others)',
        ),
      };
    case 'email':
      return {
        type: 'email',
        value: matching(value, EMAIL, line, 'an address such as jo@example.org, in ASCII'),
      };
    case 'upn':
      return {
        type: 'upn',
        value: matching(value, UPN, line, 'a user principal name such as jo@example.org'),
      };
    case 'url':
      return { type: 'uri', value: matching(value, URL_PATTERN, line, URL_EXPECTED) };
    case 'ipaddress':
      return { type: 'ip', value: ipValue(value, line) };
    case 'registeredid':
      return { type: 'registeredId', value: oidValue(value, line) };
    case 'directoryname':
    case 'dn':
      return { type: 'directoryName', value: distinguishedNameValue(value, kind, line).text };
    case 'guid':
      return { type: 'guid', value: guidValue(value, line) };
    default:
      return otherName(kind, value, line);
  }
}

const DNS = /^[!-~]{1,253}$/;
const EMAIL = /^[!-~]+@[!-~]+$/;
const UPN = /^[^@]+@[^@]+$/;
const URL_PATTERN = /^[A-Za-z][A-Za-z0-9+.-]*:[ -~]+$/;
const URL_EXPECTED = 'a URL such as http://example.org/a, in ASCII';

/** A URL, as CRLDistributionPoint and its like have it. */
export function urlValue(value: string, line: number): GeneralName {
  return { type: 'uri', value: matching(value, URL_PATTERN, line, URL_EXPECTED) };
}

function matching(value: string, pattern: RegExp, line: number, expected: string): string {
  if (pattern.test(value)) return value;
  throw infError(line, `expected ${expected}, not ${shown(value)}.`);
}

function ipValue(value: string, line: number): string {
  const ip = canonicalIp(value);
  if (ip !== undefined) return ip;
  throw infError(
    line,
    `expected an address such as 192.0.2.1 or 2001:db8::1, not ${shown(value)}.`,
  );
}

/** An X.500 name. */
export function distinguishedNameValue(
  value: string,
  key: string,
  line: number,
): DistinguishedName {
  try {
    return parseDistinguishedName(value);
  } catch (error) {
    if (!(error instanceof DistinguishedNameError)) throw error;
    throw infError(line, `the ${key} cannot be read: ${error.message}.`);
  }
}

/** Windows stores the first three parts of a GUID little-endian. */
function guidValue(value: string, line: number): Buffer {
  const digits =
    /^\{?([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})\}?$/i.exec(value);
  if (!digits) {
    throw infError(
      line,
      `expected a GUID such as f7c3ac41-b8ce-4fb4-aa58-3d1dc0e36b39, not ${shown(value)}.`,
    );
  }
  const [a = '', b = '', c = '', d = '', e = ''] = digits.slice(1);
  const reversed = [a, b, c].map((part) => Buffer.from(part, 'hex').reverse());
  return Buffer.concat([...reversed, Buffer.from(d + e, 'hex')]);
}

/** The text of a GUID of 16 bytes. */
export function guidText(bytes: Uint8Array): string {
  const part = (start: number, end: number) => Buffer.from(bytes.slice(start, end));
  const first = [part(0, 4), part(4, 6), part(6, 8)].map((each) => each.reverse());
  return [...first, part(8, 10), part(10, 16)].map((each) => each.toString('hex')).join('-');
}

function otherName(kind: string, value: string, line: number): GeneralName {
  if (!/^[0-9.]+$/.test(kind)) throw infError(line, `${shown(kind)} is none of ${KINDS}.`);
  const oid = oidValue(kind, line);
  if (/^\{(utf8|octet|asn|hex)\}/i.test(value)) return otherNameOf(oid, derValue(value, line));
  throw infError(
    line,
    `${oid} is followed by {utf8}, {octet}, {asn} or {hex}, not ${shown(value)}.`,
  );
}
