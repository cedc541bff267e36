import { randomBytes, randomInt } from 'node:crypto';
import { nvName } from '../../../../lib/tpm/name.js';
import { type PinIndexAuthorization, Tpm, type WrappedObject } from '../../../../lib/tpm/tpm.js';

const TPMA_NV_WRITTEN = 1 << 29;

/** TPM2_NT_PIN_FAIL, OWNERWRITE, OWNERREAD, AUTHREAD, NO_DA. */
export const PIN_ATTRIBUTES = (8 << 4) | (1 << 1) | (1 << 17) | (1 << 18) | (1 << 25);

/** A PIN index with a random value, defined and written. */
export async function definePinIndex(
  tpm: Tpm,
  limit: number,
): Promise<PinIndexAuthorization & { authValue: Buffer }> {
  const index = 0x01860000 + randomInt(0x10000);
  const authValue = randomBytes(32);
  const name = nvName({
    index,
    attributes: PIN_ATTRIBUTES | TPMA_NV_WRITTEN,
    authPolicy: Buffer.alloc(0),
    dataSize: 8,
  });
  await Promise.all([
    tpm.nvDefine(index, { attributes: PIN_ATTRIBUTES, dataSize: 8, authValue }),
    tpm.nvWrite(index, pinCounter(0, limit)),
  ]);
  return { index, name, authValue };
}

/** TPMS_NV_PIN_COUNTER_PARAMETERS. */
export function pinCounter(count: number, limit: number): Buffer {
  const counter = Buffer.alloc(8);
  counter.writeUInt32BE(count, 0);
  counter.writeUInt32BE(limit, 4);
  return counter;
}

/** Data sealed as a card's authorisation value is: under the PIN index and an authValue of its own. */
export async function sealForPin(
  tpm: Tpm,
  data: Uint8Array,
  authValue: Uint8Array,
  pinIndexName: Uint8Array | undefined,
): Promise<WrappedObject> {
  return tpm.seal({
    data,
    authValue,
    authPolicy: Tpm.pinPolicyDigest(pinIndexName),
    dictionaryAttack: true,
    userWithAuth: false,
  });
}
