import { createHash } from 'node:crypto';
import { TPM_CC, TPM_RH_ENDORSEMENT } from './constants.js';
import { handleName } from './name.js';
import { TpmWriter } from './writer.js';

/** The authPolicy of an object that opens by its authValue, after a PIN index when one is named. */
export function pinPolicyDigest(pinIndexName: Uint8Array | undefined): Buffer {
  let digest: Buffer = Buffer.alloc(32);
  if (pinIndexName) digest = policySecret(digest, pinIndexName);
  return policyAuthValue(digest);
}

/** The authPolicy of TCG's endorsement keys: the endorsement hierarchy's authorisation (policy A). */
export function endorsementPolicyDigest(): Buffer {
  return policySecret(Buffer.alloc(32), handleName(TPM_RH_ENDORSEMENT));
}

/**
 * The authPolicy of an NV index that takes one TPM2_NV_Write, the first (Part 3, 23.20 and 23.11):
 * not even the owner writes it again, and it authorises no other command.
 */
export function writeOncePolicyDigest(): Buffer {
  const notWritten = sha256(Buffer.alloc(32), commandCode(TPM_CC.PolicyNvWritten), Buffer.of(0));
  return sha256(notWritten, commandCode(TPM_CC.PolicyCommandCode), commandCode(TPM_CC.NV_Write));
}

/** What TPM2_PolicySecret with an empty policyRef does to a policy digest (Part 3, 23.4). */
function policySecret(digest: Uint8Array, entityName: Uint8Array): Buffer {
  const extended = sha256(digest, commandCode(TPM_CC.PolicySecret), entityName);
  return sha256(extended);
}

/** What TPM2_PolicyAuthValue does to a policy digest (Part 3, 23.17). */
function policyAuthValue(digest: Uint8Array): Buffer {
  return sha256(digest, commandCode(TPM_CC.PolicyAuthValue));
}

function commandCode(code: number): Buffer {
  return new TpmWriter(4).u32(code).bytes;
}

function sha256(...parts: Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
