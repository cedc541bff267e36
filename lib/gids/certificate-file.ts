import { deflateSync, inflateSync } from 'node:zlib';
import type { KeySpec } from '../backend/backend.js';
import { invalidArgument } from '../errors.js';
import { cardResponseError } from './status-error.js';

/** Longest certificate that the file's 16-bit length can tell. */
const LONGEST_CERTIFICATE = 0xffff;
const HEADER_LENGTH = 4;
const COMPRESSED = Buffer.from([0x01, 0x00]);
/** How DER of a certificate starts: SEQUENCE. */
const SEQUENCE = 0x30;

/** Name of a container's certificate file in directory `mscp`: kxc00 … kxc29, ksc00 … ksc29. */
export function certificateFileName(containerIndex: number, keySpec: KeySpec): string {
  const prefix = keySpec === 'keyExchange' ? 'kxc' : 'ksc';
  return prefix + String(containerIndex).padStart(2, '0');
}

/**
 * The content of a certificate file as Windows' minidriver writes it: 01 00, the certificate's
 * length as 16 bits little-endian, then the certificate in zlib's format (RFC 1950).
 *
 * @param certificate - DER
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT` when it is longer than 65,535 bytes
 */
export function encodeCertificateFile(certificate: Uint8Array): Buffer {
  if (certificate.length > LONGEST_CERTIFICATE) {
    const actual = `${certificate.length} bytes`;
    throw invalidArgument('certificate', `at most ${LONGEST_CERTIFICATE} bytes`, actual);
  }
  const header = Buffer.alloc(HEADER_LENGTH);
  COMPRESSED.copy(header);
  header.writeUInt16LE(certificate.length, COMPRESSED.length);
  return Buffer.concat([header, deflateSync(certificate, { level: 9 })]);
}

/**
 * The certificate in a certificate file, DER; one that was stored uncompressed too. Whatever the
 * file holds, no more than 65,535 bytes come out of it.
 *
 * @throws VirtualSmartCardError `ERR_CARD_RESPONSE` when the bytes are not a certificate file
 */
export function decodeCertificateFile(file: Uint8Array): Buffer {
  if (file[0] === SEQUENCE) return Buffer.from(file);
  const view = Buffer.from(file.buffer, file.byteOffset, file.length);
  if (view.length <= HEADER_LENGTH || !view.subarray(0, COMPRESSED.length).equals(COMPRESSED)) {
    throw cardResponseError('a certificate file is neither compressed nor plain DER');
  }
  const length = view.readUInt16LE(COMPRESSED.length);
  const certificate = inflate(view.subarray(HEADER_LENGTH), length);
  if (certificate.length !== length) {
    throw cardResponseError(`a certificate of ${length} bytes has only ${certificate.length}`);
  }
  return certificate;
}

function inflate(compressed: Uint8Array, length: number): Buffer {
  try {
    return inflateSync(compressed, { maxOutputLength: Math.max(length, 1) });
  } catch (error) {
    throw cardResponseError('a certificate file cannot be decompressed', error);
  }
}
