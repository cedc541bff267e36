import { randomUUID, X509Certificate } from 'node:crypto';
import { aborted } from '../arguments.js';
import type { CardConnection, PinOption } from '../backend/backend.js';
import type { VirtualSmartCardCertificate } from '../certificate.js';
import { VirtualSmartCardError } from '../errors.js';
import { storeWithChain } from '../install-certificate.js';
import { VirtualSmartCardKey } from '../key.js';
import { selectContainer } from '../key-spec.js';
import { undoAndThrow } from '../undo.js';
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
  return withKeyOf(connection, request, pin, async (key) => {
    const { buildCertificate } = await import('./certificate-builder.js');
    const certificate = new X509Certificate(await buildCertificate(request, signerOf(key, pin)));
    stopIfAborted(pin);
    const options = { ...pin, friendlyName: request.friendlyName };
    return storeWithChain(connection, { certificate, key, chain: [] }, options);
  });
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
  return withKeyOf(connection, wanted, pin, async (key) => {
    const { buildSignedRequest } = await import('./signed-request.js');
    const old = renewed && { signer: signerOf(renewed.key, pin), identity: renewed.x509 };
    const der = await buildSignedRequest(request, signerOf(key, pin), old);
    stopIfAborted(pin);
    const { requestType } = request;
    const label = requestType === 'PKCS10' ? 'CERTIFICATE REQUEST' : 'CMS';
    const renews = renewed?.container === key.container ? undefined : renewed?.container;
    return { der, pem: pemOf(der, label), requestType, key, container: key.container, renews };
  });
}

/**
 * Runs `use` with the key that the request names or that is made for it; if that fails or the call is
 * aborted, a key that was made is deleted again.
 */
async function withKeyOf<T>(
  connection: CardConnection,
  request: EnrollmentRequest,
  pin: PinOption,
  use: (key: VirtualSmartCardKey) => Promise<T>,
): Promise<T> {
  await requireReader(connection, request);
  const { keyAlgorithm: algorithm, keySpec, provider } = request;
  if (request.useExistingKey) {
    const info = selectContainer(await connection.containers(), request.container);
    return use(await VirtualSmartCardKey.load(connection, info));
  }
  const name = request.container ?? randomUUID();
  const info = await connection.createContainer({ name, algorithm, keySpec, provider }, pin);
  try {
    return await use(await VirtualSmartCardKey.load(connection, info));
  } catch (error) {
    const left = `The key made for it is still on the card; delete container "${name}" yourself.`;
    return undoAndThrow(error, left, () => connection.deleteContainer(name, { pin: pin.pin }));
  }
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

function signerOf(key: VirtualSmartCardKey, pin: PinOption): Signer {
  return {
    algorithm: key.algorithm,
    publicKey: key.publicKey,
    sign: (algorithm, data) => key.sign(algorithm, data, { ...pin, dsaEncoding: 'ieee-p1363' }),
  };
}

function stopIfAborted({ signal }: PinOption): void {
  if (signal?.aborted) throw aborted(signal.reason);
}

/** PEM (RFC 7468) with a final line feed. */
export function pemOf(der: Buffer, label: string): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
