import { booleanOption, checkOptions } from '../arguments.js';
import {
  type CardSigner,
  chainCertificates,
  signerCertificate,
  signerKey,
} from '../card-signer.js';
import type { CertificateInput } from '../certificate-input.js';
import { PIN_OPTIONS, type PinOptions, withPin } from '../credentials.js';
import { describeType, invalidArgument } from '../errors.js';
import { type JwsAlgorithm, jwsAlgorithm } from './jws-algorithm.js';
import { headerJson, type JwsKeyParameter, keyParameters } from './jws-header.js';

/** Options of `signJws`. */
export interface JwsOptions extends PinOptions {
  /** Default RS256 for RSA; ECC keys have one only, that of their curve. */
  algorithm?: JwsAlgorithm | undefined;
  /** What else the protected header is to have: `typ`, `cty`, `kid`, extensions with their `crit`. */
  header?: Record<string, unknown> | undefined;
  /**
   * What the header is to say of the key: `jwk` the public key, `kid` its SHA-256 thumbprint
   * (RFC 7638), `x5c` the certificate and the chain, `x5t#S256` the certificate's thumbprint.
   */
  include?: readonly JwsKeyParameter[] | undefined;
  /** The certificates of CAs that follow the signer's in `x5c`. */
  certificates?: readonly CertificateInput[] | undefined;
  /** Leave the payload out of the JWS, which then has nothing between its dots (RFC 7515, appendix F). */
  detached?: boolean | undefined;
  /** Sign the payload as it is and not its base64url (RFC 7797). */
  unencoded?: boolean | undefined;
}

const JWS_OPTIONS = [
  ...PIN_OPTIONS,
  ...['algorithm', 'header', 'include', 'certificates', 'detached', 'unencoded'],
];

/** What may stand between the dots as it is (RFC 7797, section 5.2). */
const NEEDS_NO_ENCODING = /^[\x20-\x2d\x2f-\x7e]*$/;

/**
 * Signs a payload as a JWS in compact form (RFC 7515): a JWT if the payload is the JSON of claims.
 *
 * @param signer - the certificate, or a key, that signs; `x5c` and `x5t#S256` need a certificate
 * @param payload - bytes, or a string taken as UTF-8
 * @returns header, payload and signature in base64url, joined by dots
 * @throws VirtualSmartCardError `ERR_CERTIFICATE_NOT_FOUND`, `ERR_CERTIFICATE_MISMATCH` (it is of
 * another key), `ERR_ALGORITHM_NOT_SUPPORTED` (not for this key; RSA needs 2048 bits), and as
 * `key.sign`
 * @example
 * ```ts
 * const claims = { sub: 'alice', iat: Math.floor(Date.now() / 1000) };
 * const header = { typ: 'JWT' };
 * const jwt = await signJws(key, JSON.stringify(claims), { header, include: ['kid'], pin });
 * ```
 */
export async function signJws(
  signer: CardSigner,
  payload: string | Uint8Array,
  options: JwsOptions = {},
): Promise<string> {
  checkOptions(options, JWS_OPTIONS);
  const key = signerKey(signer);
  const { alg, algorithm } = jwsAlgorithm(options.algorithm, key.algorithm);
  const include = keyParameters(options.include);
  const { header: own = {} } = options;
  if (typeof own !== 'object' || own === null || Array.isArray(own)) {
    throw invalidArgument('header', 'an object', describeType(own));
  }
  const chain = chainCertificates(options.certificates);
  const detached = booleanOption(options.detached, 'detached', false);
  const unencoded = booleanOption(options.unencoded, 'unencoded', false);
  const content = payloadBytes(payload, unencoded, unencoded && !detached);

  return withPin(options, async (pin) => {
    const needsCertificate = include.includes('x5c') || include.includes('x5t#S256');
    const certificates = needsCertificate ? [await signerCertificate(signer), ...chain] : [];
    const { publicKey } = key;
    const json = headerJson({ alg, own, publicKey, include, certificates, unencoded });
    const header = Buffer.from(json).toString('base64url');
    const input = Buffer.concat([Buffer.from(`${header}.`), content]);
    const signature = await key.sign(algorithm, input, { ...pin, dsaEncoding: 'ieee-p1363' });
    return [header, detached ? '' : content, signature.toString('base64url')].join('.');
  });
}

/** What of the payload is signed, a copy. */
function payloadBytes(payload: unknown, asItIs: boolean, between: boolean): Buffer {
  if (typeof payload !== 'string' && !(payload instanceof Uint8Array)) {
    throw invalidArgument('payload', 'a string or a Uint8Array', describeType(payload));
  }
  const bytes = Buffer.from(payload);
  if (!asItIs) return Buffer.from(bytes.toString('base64url'));
  if (between && !NEEDS_NO_ENCODING.test(bytes.toString('latin1'))) {
    const expected = 'printable ASCII without a dot where it is neither encoded nor detached';
    throw invalidArgument('payload', expected, 'other bytes');
  }
  return bytes;
}
