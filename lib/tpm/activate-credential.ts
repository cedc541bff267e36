import { concatSecret } from '../secret.js';
import type { AttestationKeyType } from './attestation-templates.js';
import type { CommandRunner } from './command-runner.js';
import { TPM_CC, TPM_RH_ENDORSEMENT, TPM_SE_POLICY } from './constants.js';
import type { Endorsement } from './endorsement.js';
import { policySecret } from './policy-secret.js';
import { startSession } from './start-session.js';
import { TpmWriter } from './writer.js';

const NONE = new Uint8Array(0);

/** A secret that only a TPM reads that has both the endorsement key and the attestation key. */
export interface Credential {
  /** The endorsement key that it is encrypted to. */
  type: AttestationKeyType;
  /** Content of the TPM2B_ID_OBJECT. */
  credentialBlob: Uint8Array;
  /** Content of the TPM2B_ENCRYPTED_SECRET. */
  encryptedSecret: Uint8Array;
}

/**
 * TPM2_ActivateCredential (Part 3, 12.5). The endorsement key is opened by its policy, the endorsement
 * hierarchy's authorisation; the attestation key has an empty authValue. The caller holds the turn.
 *
 * @returns the secret, for the caller to wipe
 */
export async function activateCredential(
  runner: CommandRunner,
  endorsement: Endorsement,
  { type, credentialBlob, encryptedSecret }: Credential,
): Promise<Buffer> {
  return endorsement.withAttestationKey((attestationKey) =>
    endorsement.withEndorsementKey(type, async (endorsementKey) => {
      const session = await startSession(runner, TPM_SE_POLICY, undefined);
      try {
        await policySecret(runner, { handle: TPM_RH_ENDORSEMENT }, NONE, session);
        const parameters = new TpmWriter(512).sized(credentialBlob).sized(encryptedSecret);
        const { reader } = await runner.run({
          code: TPM_CC.ActivateCredential,
          handles: [attestationKey, endorsementKey],
          authValue: NONE,
          second: session,
          parameters: parameters.bytes,
          secret: { response: true },
        });
        try {
          const secret = reader.sized();
          reader.end();
          return concatSecret(secret);
        } finally {
          reader.wipe();
        }
      } finally {
        session.wipe();
        await runner.flush(session.handle);
      }
    }),
  );
}
