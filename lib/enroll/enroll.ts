import { randomUUID } from 'node:crypto';
import { aborted } from '../arguments.js';
import type { CardConnection, PinOption } from '../backend/backend.js';
import type { VirtualSmartCardCertificate } from '../certificate.js';
import { VirtualSmartCardError } from '../errors.js';
import { storeBesideItsKey } from '../install-certificate.js';
import { VirtualSmartCardKey } from '../key.js';
import { undoAndThrow } from '../undo.js';
import type { EnrollmentRequest } from './enrollment-request.js';
import { parseInf } from './inf.js';
import { infError } from './inf-syntax.js';
import type { PendingRequest } from './pending-request.js';

/** Makes a key and a self-signed certificate and stores both, all or nothing. */
export async function enrollCertificate(
  connection: CardConnection,
  inf: string | Uint8Array,
  pin: PinOption,
): Promise<VirtualSmartCardCertificate> {
  const request = parseInf(inf);
  if (request.requestType !== 'Cert') {
    throw new VirtualSmartCardError(
      'ERR_INF',
      'The INF asks for a request to a CA (RequestType = PKCS10). Use createRequest and installCertificate, or RequestType = Cert for a self-signed certificate.',
    );
  }
  return withNewKey(connection, request, pin, async (key) => {
    const { buildCertificate } = await import('./certificate-builder.js');
    const der = await buildCertificate(request, signer(key, pin));
    stopIfAborted(pin);
    return storeBesideItsKey(connection, der, { ...pin, friendlyName: request.friendlyName });
  });
}

/** Makes a key and a request for a CA, all or nothing; the key stays on the card. */
export async function requestCertificate(
  connection: CardConnection,
  inf: string | Uint8Array,
  pin: PinOption,
): Promise<PendingRequest> {
  const request = parseInf(inf);
  if (request.requestType !== 'PKCS10') {
    throw new VirtualSmartCardError(
      'ERR_INF',
      'The INF asks for a self-signed certificate (RequestType = Cert). Use enroll, or RequestType = PKCS10 for a request to a CA.',
    );
  }
  return withNewKey(connection, request, pin, async (key) => {
    const { buildRequest } = await import('./certificate-builder.js');
    const der = await buildRequest(request, signer(key, pin));
    return { der, pem: pemOf(der), key, container: key.container };
  });
}

/** Makes the key and runs `use`; if that fails or the call is aborted, the key is deleted again. */
async function withNewKey<T>(
  connection: CardConnection,
  request: EnrollmentRequest,
  pin: PinOption,
  use: (key: VirtualSmartCardKey) => Promise<T>,
): Promise<T> {
  await requireReader(connection, request);
  const { keyAlgorithm: algorithm, keySpec, provider } = request;
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
async function requireReader(
  connection: CardConnection,
  { readerName }: EnrollmentRequest,
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

function signer(key: VirtualSmartCardKey, pin: PinOption) {
  return {
    algorithm: key.algorithm,
    publicKey: key.publicKey,
    sign: (algorithm: Parameters<VirtualSmartCardKey['sign']>[0], data: Uint8Array) =>
      key.sign(algorithm, data, { ...pin, dsaEncoding: 'ieee-p1363' }),
  };
}

function stopIfAborted({ signal }: PinOption): void {
  if (signal?.aborted) throw aborted(signal.reason);
}

function pemOf(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  const label = 'CERTIFICATE REQUEST';
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
