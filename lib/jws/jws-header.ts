import { hash, type KeyObject, type X509Certificate } from 'node:crypto';
import { describeType, invalidArgument } from '../errors.js';

/** A header parameter that says whose the signature is (RFC 7515, sections 4.1.3 to 4.1.8). */
export type JwsKeyParameter = (typeof KEY_PARAMETERS)[number];

const KEY_PARAMETERS = ['jwk', 'kid', 'x5c', 'x5t#S256'] as const;

/** Names that mean something to every reader, and are therefore not for `crit` (RFC 7515, 4.1.11). */
const REGISTERED = [...KEY_PARAMETERS, ...['alg', 'jku', 'x5u', 'x5t', 'typ', 'cty', 'crit']];

/** What a header is made of. */
export interface JwsHeaderParts {
  alg: string;
  /** Whatever the caller has in it besides. */
  own: Record<string, unknown>;
  publicKey: KeyObject;
  include: readonly JwsKeyParameter[];
  /** The signer's, and those of its CAs; empty when `include` asks for neither. */
  certificates: readonly X509Certificate[];
  /** RFC 7797: the payload is signed as it is. */
  unencoded: boolean;
}

/** Which parameters are to be in the header. */
export function keyParameters(include: unknown): readonly JwsKeyParameter[] {
  if (include === undefined) return [];
  const expected = `an array of ${KEY_PARAMETERS.join(', ')}`;
  if (!Array.isArray(include)) throw invalidArgument('include', expected, describeType(include));
  for (const each of include) {
    if (KEY_PARAMETERS.includes(each)) continue;
    const actual = typeof each === 'string' ? `"${each.slice(0, 80)}"` : describeType(each);
    throw invalidArgument('include', expected, actual);
  }
  return include;
}

/** The header's JSON (RFC 7515, section 4). */
export function headerJson({ alg, own, include, unencoded, ...parts }: JwsHeaderParts): string {
  const made: Record<string, unknown> = { alg };
  for (const parameter of include) made[parameter] = KEY_PARAMETER_VALUES[parameter](parts);
  if (unencoded) made['b64'] = false;
  const taken = Object.keys(own).find((name) => Object.hasOwn(made, name) || name === 'b64');
  if (taken !== undefined) {
    throw invalidArgument('header', 'no parameter that the other options set', `"${taken}"`);
  }
  const crit = [...(unencoded ? ['b64'] : []), ...criticalNames(own)];
  return toJson({ ...made, ...own, ...(crit.length > 0 && { crit }) });
}

const KEY_PARAMETER_VALUES: Record<
  JwsKeyParameter,
  (parts: Pick<JwsHeaderParts, 'publicKey' | 'certificates'>) => unknown
> = {
  jwk: ({ publicKey }) => publicKey.export({ format: 'jwk' }),
  kid: ({ publicKey }) => thumbprint(publicKey),
  x5c: ({ certificates }) => certificates.map(({ raw }) => raw.toString('base64')),
  'x5t#S256': ({ certificates: [own] }) => own && hash('sha256', own.raw, 'base64url'),
};

/** The key's SHA-256 thumbprint (RFC 7638): the hash of what makes it up, in the order of the names. */
function thumbprint(publicKey: KeyObject): string {
  const { crv, e, kty, n, x, y } = publicKey.export({ format: 'jwk' });
  return hash(
    'sha256',
    JSON.stringify(kty === 'RSA' ? { e, kty, n } : { crv, kty, x, y }),
    'base64url',
  );
}

/** The caller's own `crit`: names of extensions that are in the header. */
function criticalNames(own: Record<string, unknown>): string[] {
  const { crit } = own;
  if (crit === undefined) return [];
  const isExtension = (name: unknown) =>
    typeof name === 'string' && Object.hasOwn(own, name) && !REGISTERED.includes(name);
  const valid = Array.isArray(crit) && crit.length > 0 && crit.every(isExtension);
  if (valid && new Set(crit).size === crit.length) return crit;
  throw invalidArgument(
    'header.crit',
    'an array of names of extensions that the header has, each once',
    describeType(crit),
  );
}

function toJson(header: Record<string, unknown>): string {
  try {
    return JSON.stringify(header);
  } catch {
    throw invalidArgument('header', 'what JSON can hold', 'something else');
  }
}
