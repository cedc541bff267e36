import { attestationError } from '../../attestation/attestation-error.js';
import { TPM_RC } from '../../tpm/constants.js';
import { isTpmCode } from '../../tpm/error.js';
import type { Credential, Tpm } from '../../tpm/tpm.js';

/** What a TPM answers to a credential that is for other keys, or damaged. */
const FOR_ANOTHER = [TPM_RC.INTEGRITY, TPM_RC.VALUE, TPM_RC.SIZE, TPM_RC.ECC_POINT];

/** @throws VirtualSmartCardError `ERR_ATTESTATION` when the credential is not for this TPM */
export async function activateCredential(tpm: Tpm, credential: Credential): Promise<Buffer> {
  try {
    return await tpm.activateCredential(credential);
  } catch (error) {
    if (!FOR_ANOTHER.some((code) => isTpmCode(error, code))) throw error;
    throw attestationError('the challenge is for another TPM, or damaged', error);
  }
}
