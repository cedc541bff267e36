import { isIP } from 'node:net';
import { DistinguishedNameError, parseDistinguishedName } from './distinguished-name.js';
import { isObjectIdentifier } from './object-identifier.js';

/**
 * One name of a SubjectAltName extension (RFC 5280, 4.2.1.6), in the kinds that certreq's INF has.
 * `upn`: the user principal name that Windows logs on by (otherName 1.3.6.1.4.1.311.20.2.3), `guid`:
 * a directory's object GUID (otherName 1.3.6.1.4.1.311.25.1), 16 bytes. `otherName`: any other, its
 * value as DER.
 */
export type GeneralName =
  | { type: 'dns' | 'email' | 'uri' | 'upn'; value: string }
  /** IPv4 or IPv6, in the usual text form. */
  | { type: 'ip'; value: string }
  /** An X.500 name as RFC 4514 writes it. */
  | { type: 'directoryName'; value: string }
  /** An object identifier, dotted. */
  | { type: 'registeredId'; value: string }
  | { type: 'guid'; value: Uint8Array }
  | { type: 'otherName'; oid: string; value: Uint8Array };

/** What a name of each kind must be, as error texts say it. */
const EXPECTED = {
  dns: 'a DNS name in ASCII (other letters in the form xn--…)',
  email: 'an address such as jo@example.org, in ASCII',
  uri: 'a URI with its scheme, in ASCII',
  upn: 'a user principal name such as jo@example.org',
  ip: 'an IPv4 or IPv6 address',
  directoryName: 'an X.500 name such as CN=Jo',
  registeredId: 'an object identifier such as 1.2.3',
  guid: '16 bytes',
  otherName: 'a dotted oid and a value of one or more bytes, DER',
} as const;

/** The kinds of names. */
export const GENERAL_NAME_TYPES = Object.keys(EXPECTED) as GeneralName['type'][];

const DNS =
  /^(?:\*\.)?(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?$/;
const EMAIL = /^[!-?A-~]+@[!-?A-~]+$/;
const URI = /^[A-Za-z][A-Za-z0-9+.-]*:[!-~]+$/;
const UPN = /^[^\p{C}\s@]+@[^\p{C}\s@]+$/u;
const MAX_LENGTH = 4096;

/**
 * What a name should be, when it is not that; undefined when it is right.
 *
 * @param name - of one of the kinds, its value not checked yet
 */
export function generalNameFault(name: GeneralName): string | undefined {
  return isRight(name) ? undefined : EXPECTED[name.type];
}

function isRight(name: GeneralName): boolean {
  const { value } = name;
  if (name.type === 'guid') return value instanceof Uint8Array && value.length === 16;
  if (name.type === 'otherName') {
    return value instanceof Uint8Array && value.length > 0 && isObjectIdentifier(name.oid);
  }
  if (typeof value !== 'string' || value.length > MAX_LENGTH) return false;
  switch (name.type) {
    case 'dns':
      return value.length <= 255 && DNS.test(value);
    case 'email':
      return EMAIL.test(value);
    case 'uri':
      return URI.test(value);
    case 'upn':
      return UPN.test(value);
    case 'ip':
      return isIP(value) !== 0 && !value.includes('%');
    case 'registeredId':
      return isObjectIdentifier(value);
    case 'directoryName':
      return isDistinguishedName(value);
  }
}

function isDistinguishedName(text: string): boolean {
  try {
    parseDistinguishedName(text);
    return true;
  } catch (error) {
    if (error instanceof DistinguishedNameError) return false;
    throw error;
  }
}
