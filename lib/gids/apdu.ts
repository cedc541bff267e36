import { allocateSecret } from '../secret.js';

/** A command APDU taken apart (ISO/IEC 7816-4, 5.1). */
export interface CommandApdu {
  cla: number;
  ins: number;
  p1: number;
  p2: number;
  /** The command data field; empty when there is none. */
  data: Uint8Array;
  /**
   * Ne, the longest response data wanted: 1 to 65536 (256 or 65536 is "all there is");
   * undefined without an Le field.
   */
  le: number | undefined;
  /** Whether its length fields were extended ones. */
  extended: boolean;
}

/** What {@link encodeCommand} takes; `cla` is 00 and `data` empty when left out. */
export type CommandApduFields = Pick<CommandApdu, 'ins' | 'p1' | 'p2'> &
  Partial<Pick<CommandApdu, 'cla' | 'data' | 'le'>>;

/** The bit of CLA that says: another part of this command follows. */
export const CHAINING_BIT = 0x10;
/** The longest data and Ne of a short APDU. */
export const SHORT_DATA_LENGTH = 255;
export const SHORT_LE = 256;
/** The longest data and Ne of an extended APDU. */
export const EXTENDED_DATA_LENGTH = 65535;
export const EXTENDED_LE = 65536;

/** Instruction bytes of a GIDS card. */
export const Instruction = {
  VERIFY: 0x20,
  MANAGE_SECURITY_ENVIRONMENT: 0x22,
  CHANGE_REFERENCE_DATA: 0x24,
  PERFORM_SECURITY_OPERATION: 0x2a,
  RESET_RETRY_COUNTER: 0x2c,
  ACTIVATE_FILE: 0x44,
  GENERATE_KEY_PAIR: 0x47,
  GENERAL_AUTHENTICATE: 0x87,
  SELECT: 0xa4,
  GET_RESPONSE: 0xc0,
  GET_DATA: 0xcb,
  PUT_DATA: 0xdb,
  CREATE_FILE: 0xe0,
  DELETE_FILE: 0xe4,
  /** Our own: what the TPM says of a key. Other cards answer 6D00. */
  ATTEST_KEY: 0xf9,
} as const;

/** Status words of a GIDS card (ISO/IEC 7816-4, 5.1.3). */
export const StatusWord = {
  SUCCESS: 0x9000,
  /** 61xx: xx bytes (00 is 256 or more) wait for GET RESPONSE. */
  MORE_DATA: 0x6100,
  /** 63Cx: wrong PIN or PUK, x tries left. */
  WRONG_PIN: 0x63c0,
  EXECUTION_ERROR: 0x6400,
  MEMORY_FAILURE: 0x6581,
  WRONG_LENGTH: 0x6700,
  SECURITY_STATUS_NOT_SATISFIED: 0x6982,
  AUTHENTICATION_METHOD_BLOCKED: 0x6983,
  REFERENCE_DATA_NOT_USABLE: 0x6984,
  CONDITIONS_NOT_SATISFIED: 0x6985,
  WRONG_DATA: 0x6a80,
  FUNCTION_NOT_SUPPORTED: 0x6a81,
  FILE_NOT_FOUND: 0x6a82,
  NOT_ENOUGH_MEMORY: 0x6a84,
  WRONG_P1_P2: 0x6a86,
  REFERENCED_DATA_NOT_FOUND: 0x6a88,
  FILE_EXISTS: 0x6a89,
  INSTRUCTION_NOT_SUPPORTED: 0x6d00,
  CLASS_NOT_SUPPORTED: 0x6e00,
} as const;

const NO_DATA = new Uint8Array(0);

/**
 * Encodes a command APDU: short where data and Le allow it, else extended. The result has memory of
 * its own, so a command that carries a PIN can be wiped.
 *
 * @throws RangeError when data or Le are longer than an extended APDU takes
 *
 * @example
 * ```ts
 * encodeCommand({ ins: Instruction.VERIFY, p1: 0x00, p2: 0x80, data: pin });
 * ```
 */
export function encodeCommand(command: CommandApduFields): Buffer {
  const { cla = 0x00, ins, p1, p2, data = NO_DATA, le } = command;
  if (data.length > EXTENDED_DATA_LENGTH) throw new RangeError('the command data are too long');
  if (le !== undefined && (le < 1 || le > EXTENDED_LE)) throw new RangeError('Le is out of range');
  const extended = data.length > SHORT_DATA_LENGTH || (le ?? 0) > SHORT_LE;
  const lcLength = data.length === 0 ? 0 : extended ? 3 : 1;
  // An extended Le is led by a zero byte where no extended Lc said so before.
  const leLength = le === undefined ? 0 : !extended ? 1 : lcLength === 0 ? 3 : 2;
  const bytes = allocateSecret(4 + lcLength + data.length + leLength);
  bytes[0] = cla;
  bytes[1] = ins;
  bytes[2] = p1;
  bytes[3] = p2;
  if (lcLength === 1) bytes[4] = data.length;
  else if (lcLength === 3) bytes.writeUInt16BE(data.length, 5);
  bytes.set(data, 4 + lcLength);
  if (le !== undefined) {
    if (extended) bytes.writeUInt16BE(le & 0xffff, bytes.length - 2);
    else bytes[bytes.length - 1] = le & 0xff;
  }
  return bytes;
}

/**
 * Takes a command APDU apart: cases 1 to 4, short and extended. `data` is a view into the bytes.
 *
 * @returns undefined when the length fields and the length do not fit (a card answers 6700)
 */
export function parseCommand(bytes: Uint8Array): CommandApdu | undefined {
  const length = bytes.length;
  if (length < 4) return undefined;
  const p3 = bytes[4];
  if (p3 === undefined) return command(bytes, NO_DATA, undefined, false);
  if (length === 5) return command(bytes, NO_DATA, p3 === 0 ? SHORT_LE : p3, false);
  if (p3 !== 0) {
    if (length === 5 + p3) return command(bytes, bytes.subarray(5), undefined, false);
    if (length !== 6 + p3) return undefined;
    const le = bytes[length - 1];
    return command(bytes, bytes.subarray(5, 5 + p3), le === 0 ? SHORT_LE : le, false);
  }
  if (length < 7) return undefined;
  const field = readUint16(bytes, 5);
  if (length === 7) return command(bytes, NO_DATA, field === 0 ? EXTENDED_LE : field, true);
  if (field === 0) return undefined;
  if (length === 7 + field) return command(bytes, bytes.subarray(7), undefined, true);
  if (length !== 9 + field) return undefined;
  const le = readUint16(bytes, length - 2);
  return command(bytes, bytes.subarray(7, 7 + field), le === 0 ? EXTENDED_LE : le, true);
}

/** A response APDU: data, then status word. The result has memory of its own. */
export function encodeResponse(statusWord: number, data: Uint8Array = NO_DATA): Buffer {
  const response = allocateSecret(data.length + 2);
  response.set(data);
  response[data.length] = statusWord >> 8;
  response[data.length + 1] = statusWord & 0xff;
  return response;
}

/** The status word of a response APDU; undefined when it is too short to have one. */
export function statusWordOf(response: Uint8Array): number | undefined {
  return response.length < 2 ? undefined : readUint16(response, response.length - 2);
}

/** The data of a response APDU, as a view. */
export function responseData(response: Uint8Array): Uint8Array {
  return response.subarray(0, Math.max(0, response.length - 2));
}

function command(
  bytes: Uint8Array,
  data: Uint8Array,
  le: number | undefined,
  extended: boolean,
): CommandApdu {
  const [cla = 0, ins = 0, p1 = 0, p2 = 0] = [bytes[0], bytes[1], bytes[2], bytes[3]];
  return { cla, ins, p1, p2, data, le, extended };
}

function readUint16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}
