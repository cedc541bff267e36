import { attestationError } from '../../attestation/attestation-error.js';
import { isParameterError } from '../../tpm/error.js';
import type { Credential, Tpm } from '../../tpm/tpm.js';

/** @throws VirtualSmartCardError `ERR_ATTESTATION` when the credential is not for this TPM */
export async function activateCredential(tpm: Tpm, credential: Credential): Promise<Buffer> {
  try {
    return await tpm.activateCredential(credential);
  } catch (error) {
    if (!isParameterError(error)) throw error;
    throw attestationError('the challenge is for another TPM, or damaged', error);
  }
}
