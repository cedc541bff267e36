import { randomBytes } from 'node:crypto';
import type { PublicKey } from '../gids/card-state.js';
import { wipe } from '../secret.js';
import type { CommandRunner } from './command-runner.js';
import {
  HMAC_SESSION_FIRST,
  POLICY_SESSION_FIRST,
  TPM_ALG_AES,
  TPM_ALG_CFB,
  TPM_ALG_NULL,
  TPM_ALG_SHA256,
  TPM_CC,
  TPM_RH_NULL,
  TPM_SE_POLICY,
} from './constants.js';
import { HmacSession, NONCE_SIZE } from './hmac-session.js';
import { shareSecret } from './parent-secret.js';
import { TpmWriter } from './writer.js';

/** The key that a session is salted to. */
export interface SaltParent {
  handle: number;
  publicKey: PublicKey;
}

/**
 * TPM2_StartAuthSession (Part 3, 11.1): unbound, and salted where a parent is given, so that whoever
 * reads along learns neither the session key nor what the session encrypts.
 *
 * @param type - TPM_SE_HMAC or TPM_SE_POLICY
 */
export async function startSession(
  runner: CommandRunner,
  type: number,
  parent: SaltParent | undefined,
): Promise<HmacSession> {
  const nonce = randomBytes(NONCE_SIZE);
  const salt = parent ? shareSecret(parent.publicKey, 'SECRET') : undefined;
  try {
    const parameters = new TpmWriter(512)
      .sized(nonce)
      .sized(salt?.encrypted ?? new Uint8Array(0))
      .u8(type);
    if (salt) parameters.u16(TPM_ALG_AES).u16(128).u16(TPM_ALG_CFB);
    else parameters.u16(TPM_ALG_NULL);
    parameters.u16(TPM_ALG_SHA256);
    const command = {
      code: TPM_CC.StartAuthSession,
      handles: [{ handle: parent?.handle ?? TPM_RH_NULL }, { handle: TPM_RH_NULL }],
      parameters: parameters.bytes,
    };
    const range = type === TPM_SE_POLICY ? POLICY_SESSION_FIRST : HMAC_SESSION_FIRST;
    const { handle, nonceTpm } = await runner.make(command, range, (reader) => ({
      nonceTpm: reader.sized(),
    }));
    return new HmacSession(handle, nonce, nonceTpm, salt?.secret);
  } finally {
    wipe(salt?.secret);
  }
}
