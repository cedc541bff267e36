import { createHmac, randomBytes } from 'node:crypto';
import { wipe } from '../../secret.js';
import { isTpmCode } from '../../tpm/error.js';
import { Tpm } from '../../tpm/tpm.js';
import type { Credential } from './card-record.js';
import { definePinIndex, PIN_INDEX, pinIndexName } from './nv-indexes.js';

/** Wrong tries after which a PIN or PUK is blocked, as Windows has it since 8.1. */
export const TRIES = 5;

const TPM_RC_BAD_AUTH = 0x0a2;
const TPM_RC_AUTH_FAIL = 0x08e;
const TPM_RC_AUTH_UNAVAILABLE = 0x12f;

/**
 * How opening a credential ended. The TPM has counted a wrong one: its index, else the lockout.
 * `objectAuth` is what libtpms in this process has read, and keeps until it is told to forget it.
 */
export type Opening =
  | { result: 'open'; authorization: Buffer; objectAuth: Buffer }
  | { result: 'wrong' }
  | { result: 'blocked' };

/**
 * Makes the TPM's side of a PIN or PUK: an index that counts and blocks, and the authorisation
 * value sealed so that it takes both the index and the object's own authValue to open. The second
 * holds even against an owner who redefines the index, and its failures count in the TPM's lockout.
 *
 * @param index - handle for the PIN index; undefined leaves the counting to the TPM's lockout
 * @param define - begins the definition of the index, for which the secret must stay as it is
 */
export async function createCredential(
  tpm: Tpm,
  secret: Uint8Array,
  authorization: Uint8Array,
  index: number | undefined,
  define: (work: () => Promise<void>) => void,
): Promise<Credential> {
  const salt = randomBytes(32);
  const objectAuth = deriveAuth(secret, salt, 'object');
  try {
    const name = index === undefined ? undefined : pinIndexName(index);
    const sealing = tpm.seal({
      data: authorization,
      authValue: objectAuth,
      authPolicy: Tpm.pinPolicyDigest(name),
      dictionaryAttack: true,
      userWithAuth: false,
    });
    if (index !== undefined) define(() => defineIndex(tpm, index, secret, salt));
    return { length: secret.length, salt, index, sealed: await sealing };
  } finally {
    wipe(objectAuth);
  }
}

async function defineIndex(
  tpm: Tpm,
  index: number,
  secret: Uint8Array,
  salt: Uint8Array,
): Promise<void> {
  const authValue = deriveAuth(secret, salt, 'index');
  try {
    await definePinIndex(tpm, index, authValue, pinCount(0, TRIES));
  } finally {
    wipe(authValue);
  }
}

/** Tries a PIN or PUK. A wrong one is counted by the TPM before this resolves. */
export async function openCredential(
  tpm: Tpm,
  credential: Credential,
  secret: Uint8Array,
): Promise<Opening> {
  const { sealed, index, salt } = credential;
  if (!sealed) return { result: 'blocked' };
  const indexAuth = deriveAuth(secret, salt, 'index');
  const objectAuth = deriveAuth(secret, salt, 'object');
  try {
    const pinIndex =
      index === undefined
        ? {}
        : { pinIndex: { index, name: pinIndexName(index), authValue: indexAuth } };
    const authorization = await tpm.unsealWithPolicy(sealed, {
      ...pinIndex,
      authValue: objectAuth,
    });
    return { result: 'open', authorization, objectAuth };
  } catch (error) {
    wipe(objectAuth);
    if (isTpmCode(error, TPM_RC_AUTH_UNAVAILABLE)) return { result: 'blocked' };
    if (isTpmCode(error, TPM_RC_BAD_AUTH) || isTpmCode(error, TPM_RC_AUTH_FAIL)) {
      return { result: 'wrong' };
    }
    throw error;
  } finally {
    wipe(indexAuth);
  }
}

/** Tries left on a credential that has an index. */
export async function triesLeft(tpm: Tpm, credential: Credential): Promise<number> {
  if (!credential.sealed || credential.index === undefined) return 0;
  const value = await tpm.nvRead(credential.index, PIN_INDEX.dataSize);
  return Math.max(0, value.readUInt32BE(4) - value.readUInt32BE(0));
}

/** TPMS_NV_PIN_COUNTER_PARAMETERS. */
function pinCount(count: number, limit: number): Buffer {
  const value = Buffer.alloc(8);
  value.writeUInt32BE(count, 0);
  value.writeUInt32BE(limit, 4);
  return value;
}

/**
 * An authValue from a PIN. The salt keeps equal PINs apart; slowness would not help, since guessing
 * is held off by the TPM, and with a software TPM's files four digits are soon tried at any speed.
 */
function deriveAuth(secret: Uint8Array, salt: Uint8Array, purpose: 'index' | 'object'): Buffer {
  return createHmac('sha256', salt).update(purpose).update(secret).digest();
}
