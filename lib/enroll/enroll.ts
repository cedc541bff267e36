import { hash, type KeyObject, randomUUID, X509Certificate } from 'node:crypto';
import { signatureAlgorithm } from '../algorithms.js';
import { checkSignal } from '../arguments.js';
import type { CardConnection, NewKey, PinOption, SignatureScheme } from '../backend/backend.js';
import { VirtualSmartCardCertificate } from '../certificate.js';
import { VirtualSmartCardError } from '../errors.js';
import { VirtualSmartCardKey } from '../key.js';
import { selectContainer } from '../key-spec.js';
import { publicKeyObject } from '../public-key.js';
import type { Signer } from './card-crypto.js';
import type { EnrollmentRequest } from './enrollment-request.js';
import { parseInf } from './inf.js';
import { infError } from './inf-syntax.js';
import type { PendingRequest } from './pending-request.js';
import { findByThumbprint, inherit } from './renewed-certificate.js';
import type { RequestSpec, SelfSignedSpec } from './request-spec.js';

/** Makes a key and a self-signed certificate and stores both, all or nothing. */
export async function enrollCertificate(
  connection: CardConnection,
  source: string | Uint8Array | SelfSignedSpec,
  pin: PinOption,
): Promise<VirtualSmartCardCertificate> {
  const request = isInf(source)
    ? parseInf(source)
    : (await import('./read-request-spec.js')).readSelfSignedSpec(source);
  if (request.requestType !== 'Cert') {
    throw new VirtualSmartCardError(
      'ERR_INF',
      `The INF asks for a request to a CA (RequestType = ${request.requestType}). Use createRequest and installCertificate, or RequestType = Cert for a self-signed certificate.`,
    );
  }
  const { buildCertificate } = await import('./certificate-builder.js');
  let der: Buffer = Buffer.alloc(0);
  const key = await withKeyOf(connection, request, pin, async (signer) => {
    der = await buildCertificate(request, signer);
    return der;
  });
  return VirtualSmartCardCertificate.create(new X509Certificate(der), key);
}

/** Makes a key and a request for a CA, all or nothing; the key stays on the card. */
export async function requestCertificate(
  connection: CardConnection,
  source: string | Uint8Array | RequestSpec,
  pin: PinOption,
): Promise<PendingRequest> {
  const request = isInf(source)
    ? parseInf(source)
    : (await import('./read-request-spec.js')).readRequestSpec(source);
  const { requestType, renewalCertificate } = request;
  if (requestType === 'Cert') {
    throw new VirtualSmartCardError(
      'ERR_INF',
      'The INF asks for a self-signed certificate (RequestType = Cert). Use enroll, or RequestType = PKCS10 for a request to a CA.',
    );
  }
  if (renewalCertificate === undefined) {
    if (requestType !== 'PKCS7') return makeRequest(connection, { ...request, requestType }, pin);
    throw new VirtualSmartCardError(
      'ERR_INF',
      'RequestType = PKCS7 is for renewals only: RenewalCert names the certificate whose key signs the request. Use PKCS10 or CMC for a first certificate.',
    );
  }
  const renewed = await findByThumbprint(connection, renewalCertificate);
  const complete = await inherit(request, renewed.x509);
  return makeRequest(connection, { ...complete, requestType }, pin, renewed);
}

/**
 * Makes the key that a request asks for, and the request.
 *
 * @param renewed - the certificate on the card that it renews
 */
export async function makeRequest(
  connection: CardConnection,
  request: EnrollmentRequest & Pick<PendingRequest, 'requestType'>,
  pin: PinOption,
  renewed?: VirtualSmartCardCertificate,
): Promise<PendingRequest> {
  const existing = request.container ?? renewed?.container;
  const wanted = request.useExistingKey ? { ...request, container: existing } : request;
  const { buildSignedRequest } = await import('./signed-request.js');
  let der: Buffer = Buffer.alloc(0);
  const key = await withKeyOf(connection, wanted, pin, async (signer, signDigest) => {
    const old = renewed && {
      identity: renewed.x509,
      signer: signerOf(renewed.key, (scheme, digest) =>
        signDigest(scheme, digest, renewed.container),
      ),
    };
    der = await buildSignedRequest(request, signer, old);
    return undefined;
  });
  const { requestType } = request;
  const label = requestType === 'PKCS10' ? 'CERTIFICATE REQUEST' : 'CMS';
  const renews = renewed?.container === key.container ? undefined : renewed?.container;
  return { der, pem: pemOf(der, label), requestType, key, container: key.container, renews };
}

/** Signs by the key that is to be certified; returns the certificate where it gets one now. */
type Certify = (
  signer: Signer,
  signDigest: NewKey['signDigest'],
) => Promise<Uint8Array | undefined>;

/**
 * Certifies the key that the request names or that is made for it. A key that is made is there only
 * when `certify` has ended, and not at all when it fails or the call is aborted.
 */
async function withKeyOf(
  connection: CardConnection,
  request: EnrollmentRequest,
  pin: PinOption,
  certify: Certify,
): Promise<VirtualSmartCardKey> {
  await requireReader(connection, request);
  const { keyAlgorithm: algorithm, keySpec, provider, friendlyName } = request;
  const options = { ...pin, friendlyName };
  if (request.useExistingKey) {
    const info = selectContainer(await connection.containers(), request.container);
    const key = await VirtualSmartCardKey.load(connection, info);
    const signDigest: NewKey['signDigest'] = (scheme, digest, other = key.container) =>
      connection.signDigest(other, scheme, digest, pin);
    const certificate = await certify(signerOf(key, signDigest), signDigest);
    checkSignal(pin.signal);
    if (certificate) await connection.storeCertificate(key.container, certificate, options);
    return key;
  }
  const name = request.container ?? randomUUID();
  const made: { publicKey?: KeyObject } = {};
  const spec = { name, algorithm, keySpec, provider };
  const info = await connection.createContainer(spec, options, async (key) => {
    const publicKey = publicKeyObject(key.publicKey);
    made.publicKey = publicKey;
    return certify(signerOf({ algorithm, publicKey }, key.signDigest), key.signDigest);
  });
  if (!made.publicKey) throw new TypeError('the container was made without what belongs to it');
  return VirtualSmartCardKey.over(connection, info, made.publicKey);
}

/** An INF may name the reader, so that the request cannot go to another card by mistake. */
export async function requireReader(
  connection: Pick<CardConnection, 'info'>,
  { readerName }: Pick<EnrollmentRequest, 'readerName'>,
): Promise<void> {
  if (!readerName) return;
  const { readerName: actual, instanceId } = await connection.info();
  if (readerName.value === actual || readerName.value === instanceId) return;
  const where = actual === undefined ? 'in no reader' : `in reader "${actual}"`;
  throw infError(
    readerName.line,
    `ReaderName is "${readerName.value}", but this card (${instanceId}) is ${where}.`,
  );
}

function isInf(source: unknown): source is string | Uint8Array {
  return typeof source === 'string' || source instanceof Uint8Array;
}

function signerOf(
  { algorithm, publicKey }: Pick<Signer, 'algorithm' | 'publicKey'>,
  signDigest: (scheme: SignatureScheme, digest: Uint8Array) => Promise<Buffer>,
): Signer {
  return {
    algorithm,
    publicKey,
    sign: async (name, data) => {
      const { scheme, hash: hashName } = signatureAlgorithm(name, algorithm);
      return signDigest(scheme, hash(hashName, data, 'buffer'));
    },
  };
}

/** PEM (RFC 7468) with a final line feed. */
export function pemOf(der: Buffer, label: string): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
