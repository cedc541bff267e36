import { createPublicKey, type KeyObject } from 'node:crypto';
import { x509 } from '../enroll/x509.js';
import { describeType, invalidArgument } from '../errors.js';

/** A certificate request (PKCS #10, RFC 2986), as DER or PEM. */
export type CertificateRequestInput = string | Uint8Array;

/** @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT` */
export function readRequest(input: CertificateRequestInput): { der: Buffer; publicKey: KeyObject } {
  const expected = 'a certificate request (PKCS #10) as DER or PEM';
  if (typeof input !== 'string' && !(input instanceof Uint8Array)) {
    throw invalidArgument('request', expected, describeType(input));
  }
  try {
    const { Pkcs10CertificateRequest } = x509();
    const text = typeof input === 'string' ? input : Buffer.from(input).toString('latin1');
    const isPem = /-----BEGIN (NEW )?CERTIFICATE REQUEST-----/.test(text);
    const request = new Pkcs10CertificateRequest(isPem ? text : Uint8Array.from(bytes(input)));
    const key = Buffer.from(request.publicKey.rawData);
    const publicKey = createPublicKey({ key, format: 'der', type: 'spki' });
    return { der: Buffer.from(request.rawData), publicKey };
  } catch {
    throw invalidArgument('request', expected, 'something that cannot be read as one');
  }
}

function bytes(input: CertificateRequestInput): Uint8Array {
  if (typeof input === 'string') throw new TypeError('a text without PEM');
  return input;
}
