import { EMPTY_PASSWORD } from './command.js';
import type { CommandRunner } from './command-runner.js';
import { TPM_ALG_NULL, TPM_CC } from './constants.js';
import type { Endorsement } from './endorsement.js';
import type { ObjectSlots, SlotObject } from './object-slots.js';
import { TpmWriter } from './writer.js';

/** What a TPM says of a key of its own, and what shows which TPM that is. */
export interface Attestation {
  /** TPMS_ATTEST of type certify. */
  attested: Buffer;
  /** TPMT_SIGNATURE over it by the attestation key. */
  signature: Buffer;
  /** TPMT_PUBLIC of the key that it is about. */
  key: Buffer;
  /** Name of the storage parent, above the key. */
  parentName: Buffer;
  /** TPMT_PUBLIC of the attestation key. */
  attestationKey: Buffer;
  /** TPMT_PUBLIC of the endorsement key. */
  endorsementKey: Buffer;
  /** DER: the endorsement key's certificate, then those of the authorities above it; or none. */
  certificates: Buffer[];
}

/**
 * TPM2_Certify (Part 3, 18.2): the attestation key signs what the TPM knows of a key. Both have to be
 * authorised, the key by its authValue. The caller holds the turn.
 *
 * @param qualifyingData - up to 32 bytes, which the TPM signs with it
 */
export async function attest(
  tpm: { runner: CommandRunner; slots: ObjectSlots; endorsement: Endorsement; parentName: Buffer },
  object: SlotObject,
  qualifyingData: Uint8Array,
  authValue: Uint8Array,
): Promise<Attestation> {
  const { runner, slots, endorsement, parentName } = tpm;
  const identity = await endorsement.identity();
  return endorsement.withAttestationKey(async (attestationKey) => {
    const loaded = await slots.load(object);
    const parameters = new TpmWriter(64).sized(qualifyingData).u16(TPM_ALG_NULL);
    const { reader } = await runner.run({
      code: TPM_CC.Certify,
      handles: [loaded, attestationKey],
      authValue,
      second: EMPTY_PASSWORD,
      parameters: parameters.bytes,
    });
    return {
      attested: Buffer.from(reader.sized()),
      signature: Buffer.from(reader.take(reader.remaining)),
      key: object.wrapped.publicArea,
      parentName,
      attestationKey: attestationKey.publicArea,
      endorsementKey: identity.publicArea,
      certificates: identity.certificates,
    };
  });
}
