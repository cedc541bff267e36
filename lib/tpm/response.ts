import { TPM_ST_NO_SESSIONS, TPM_ST_RSP_COMMAND, TPM_ST_SESSIONS } from './constants.js';
import { responseError } from './error.js';
import { TpmReader } from './reader.js';

const HEADER_SIZE = 10;

/** The response code; the header is checked against the bytes that came (Part 1, 18.9). */
export function responseCode(response: Buffer): number {
  if (response.length < HEADER_SIZE) {
    throw responseError(`${response.length} bytes, shorter than a header`);
  }
  const size = response.readUInt32BE(2);
  if (size !== response.length) {
    throw responseError(`its size field says ${size} bytes, ${response.length} came`);
  }
  const tag = response.readUInt16BE(0);
  const code = response.readUInt32BE(6);
  if (code === 0) return code;
  if (tag !== TPM_ST_NO_SESSIONS && tag !== TPM_ST_RSP_COMMAND) {
    throw responseError(`an error under the tag 0x${tag.toString(16)}`);
  }
  if (response.length !== HEADER_SIZE) throw responseError('an error with something behind it');
  return code;
}

/** A successful response, taken apart as far as its shape goes. */
export interface ResponseParts {
  /** The object or session handle, where the command makes one. */
  handle: number;
  /** Where the parameters are; the first may still be encrypted. */
  parameters: { start: number; end: number };
  /** TPMS_AUTH_RESPONSE of the one session; undefined when the command had none. */
  session: { nonce: Buffer; attributes: number; hmac: Buffer } | undefined;
}

/** Takes a response of code 0 apart. @throws VirtualSmartCardError `ERR_TPM_RESPONSE` */
export function splitResponse(
  response: Buffer,
  expected: { handle: boolean; session: boolean; second?: boolean },
): ResponseParts {
  const tag = response.readUInt16BE(0);
  if (tag !== (expected.session ? TPM_ST_SESSIONS : TPM_ST_NO_SESSIONS)) {
    throw responseError(`the unexpected tag 0x${tag.toString(16)}`);
  }
  const reader = new TpmReader(response, HEADER_SIZE);
  const handle = expected.handle ? reader.u32() : 0;
  const size = expected.session ? reader.u32() : reader.remaining;
  const start = reader.offset;
  reader.take(size);
  const end = reader.offset;
  const session = expected.session
    ? { nonce: reader.sized(), attributes: reader.u8(), hmac: reader.sized() }
    : undefined;
  if (expected.second) readSecond(reader);
  reader.end();
  return { handle, parameters: { start, end }, session };
}

/** TPMS_AUTH_RESPONSE of an authorisation without an HMAC. */
function readSecond(reader: TpmReader): void {
  reader.sized();
  reader.u8();
  if (reader.sized().length > 0) throw responseError('an HMAC of a session that has no key');
}
