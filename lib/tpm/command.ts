import { TPM_RS_PW, TPM_ST_NO_SESSIONS, TPM_ST_SESSIONS, TPMA_SESSION } from './constants.js';
import type { HmacSession } from './hmac-session.js';
import type { TpmReader } from './reader.js';
import { TpmWriter } from './writer.js';

const NONE = new Uint8Array(0);

/** Something in the handle area. Its Name goes into the session HMAC; without one it is the handle. */
export interface Entity {
  handle: number;
  name?: Uint8Array;
}

/** A command before it is known how it is authorised. */
export interface Command {
  /** Command code. */
  code: number;
  handles?: readonly Entity[];
  /** Authorises the first handle; undefined when the command takes no authorisation. */
  authValue?: Uint8Array | undefined;
  /** Authorises the second handle, where the command wants that. */
  second?: SecondAuthorization;
  /** The policy session that authorises, instead of a password or the shared HMAC session. */
  policySession?: HmacSession;
  /** The parameter area in the clear. Read, not kept: the caller wipes it if it is secret. */
  parameters?: Uint8Array;
  /** Which first parameter is a secret TPM2B, and so is encrypted where sessions encrypt. */
  secret?: { command?: boolean; response?: boolean };
  /** True when the response begins with a new handle. */
  makesHandle?: boolean;
  /**
   * True when the caller does not hold the TPM's turn: then no slot is freed for the command, since
   * whoever holds the turn may be about to fill or to empty it.
   */
  outOfTurn?: boolean;
}

/**
 * An authorisation without an HMAC: the empty password, or a policy session without any key. The
 * session of the first handle covers the whole command.
 */
export interface SecondAuthorization {
  handle: number;
}

/** Of an object whose authValue is empty. */
export const EMPTY_PASSWORD: SecondAuthorization = { handle: TPM_RS_PW };

/** A command's answer. The caller wipes `reader` where the answer is secret. */
export interface Answer {
  handle: number;
  /** Over the parameters, in the clear. */
  reader: TpmReader;
}

/** The bytes of a command without authorisation. */
export function encodePlain({ code, handles = [], parameters = NONE }: Command): TpmWriter {
  const writer = new TpmWriter(10 + 4 * handles.length + parameters.length);
  writer.u16(TPM_ST_NO_SESSIONS).u32(0).u32(code);
  for (const { handle } of handles) writer.u32(handle);
  writer.raw(parameters);
  return writer.patchU32(2, writer.length);
}

/** The bytes of a command that shows its authValue as a password (Part 1, 19.4). */
export function encodeWithPassword(command: Command, authValue: Uint8Array): TpmWriter {
  return encodeWithSession(command, command.parameters ?? NONE, {
    handle: TPM_RS_PW,
    nonce: NONE,
    attributes: 0,
    hmac: authValue,
  });
}

/** The bytes of a command with its TPMS_AUTH_COMMANDs (Part 2, 10.13.2). */
export function encodeWithSession(
  { code, handles = [], second }: Command,
  parameters: Uint8Array,
  session: { handle: number; nonce: Uint8Array; attributes: number; hmac: Uint8Array },
): TpmWriter {
  const firstSize = 9 + session.nonce.length + session.hmac.length;
  const authorizationSize = firstSize + (second ? 9 : 0);
  const writer = new TpmWriter(14 + 4 * handles.length + authorizationSize + parameters.length);
  writer.u16(TPM_ST_SESSIONS).u32(0).u32(code);
  for (const { handle } of handles) writer.u32(handle);
  writer.u32(authorizationSize);
  writer.u32(session.handle).sized(session.nonce).u8(session.attributes).sized(session.hmac);
  if (second) {
    writer.u32(second.handle).sized(NONE).u8(TPMA_SESSION.continueSession).sized(NONE);
  }
  writer.raw(parameters);
  return writer.patchU32(2, writer.length);
}
