import { TPM_GENERATED, TPM_ST_ATTEST_CERTIFY } from '../tpm/constants.js';
import { TpmReader } from '../tpm/reader.js';
import { attestationError, parsing } from './attestation-error.js';

/** TPMS_ATTEST of type certify, taken apart (Part 2, 10.12.12). */
export interface CertifyInfo {
  /** Qualified Name of the key that signed it. */
  qualifiedSigner: Buffer;
  /** The qualifying data of whoever asked for it. */
  extraData: Buffer;
  /** Milliseconds that the TPM has been powered. */
  clock: bigint;
  /** Resets of the TPM. */
  resetCount: number;
  /** Resumptions of the TPM since the last reset. */
  restartCount: number;
  /** Whether the clock was never higher before. */
  clockIsSafe: boolean;
  /** As four dotted 16-bit numbers. */
  firmwareVersion: string;
  /** Name of the key that it is about, */
  name: Buffer;
  /** and its qualified Name. */
  qualifiedName: Buffer;
}

/** @throws VirtualSmartCardError `ERR_ATTESTATION` */
export function parseCertifyInfo(bytes: Buffer): CertifyInfo {
  return parsing('what the TPM signed', () => {
    const reader = new TpmReader(bytes);
    if (reader.u32() !== TPM_GENERATED) {
      throw attestationError('what was signed does not come from a TPM');
    }
    if (reader.u16() !== TPM_ST_ATTEST_CERTIFY) {
      throw attestationError('what the TPM signed is not about a key');
    }
    const info = {
      qualifiedSigner: reader.sized(),
      extraData: reader.sized(),
      clock: (BigInt(reader.u32()) << 32n) | BigInt(reader.u32()),
      resetCount: reader.u32(),
      restartCount: reader.u32(),
      clockIsSafe: reader.u8() === 1,
      firmwareVersion: [reader.u16(), reader.u16(), reader.u16(), reader.u16()].join('.'),
      name: reader.sized(),
      qualifiedName: reader.sized(),
    };
    reader.end();
    return info;
  });
}
