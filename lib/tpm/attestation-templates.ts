import {
  TPM_ALG_AES,
  TPM_ALG_CFB,
  TPM_ALG_ECC,
  TPM_ALG_ECDSA,
  TPM_ALG_NULL,
  TPM_ALG_RSA,
  TPM_ALG_RSASSA,
  TPM_ALG_SHA256,
  TPM_ECC_NIST_P256,
  TPMA_OBJECT,
} from './constants.js';
import { endorsementPolicyDigest } from './policy.js';
import { header } from './public-area.js';

/** Kinds of endorsement and attestation keys: RSA 2048 or ECC P-256. */
export type AttestationKeyType = 'rsa' | 'ec';

const NONE = new Uint8Array(0);
const RSA_BITS = 2048;
const { fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, adminWithPolicy } = TPMA_OBJECT;
const { noDA, restricted, decrypt, sign } = TPMA_OBJECT;
const MADE_IN_TPM = fixedTPM | fixedParent | sensitiveDataOrigin;

/** What an endorsement key is: it decrypts for its own TPM, and does nothing else. */
export const ENDORSEMENT_ATTRIBUTES = MADE_IN_TPM | adminWithPolicy | restricted | decrypt;

/** What an attestation key is: it signs what its TPM made, and nothing else. */
export const ATTESTATION_ATTRIBUTES = MADE_IN_TPM | userWithAuth | noDA | restricted | sign;

/**
 * The endorsement key of "TCG EK Credential Profile", templates L-1 and L-2: what the TPM's maker made
 * the certificates at 0x01C00002 and 0x01C0000A for.
 */
export function endorsementTemplate(type: AttestationKeyType): Buffer {
  const policy = endorsementPolicyDigest();
  const writer = header(algorithm(type), ENDORSEMENT_ATTRIBUTES, policy);
  writer.u16(TPM_ALG_AES).u16(128).u16(TPM_ALG_CFB).u16(TPM_ALG_NULL);
  if (type === 'rsa')
    return writer
      .u16(RSA_BITS)
      .u32(0)
      .sized(Buffer.alloc(RSA_BITS / 8)).bytes;
  const zero = Buffer.alloc(32);
  return writer.u16(TPM_ECC_NIST_P256).u16(TPM_ALG_NULL).sized(zero).sized(zero).bytes;
}

/** Our attestation key: a primary key, so that it is kept nowhere and cannot be lost. */
export function attestationTemplate(type: AttestationKeyType): Buffer {
  const writer = header(algorithm(type), ATTESTATION_ATTRIBUTES, NONE).u16(TPM_ALG_NULL);
  if (type === 'rsa') {
    return writer.u16(TPM_ALG_RSASSA).u16(TPM_ALG_SHA256).u16(RSA_BITS).u32(0).sized(NONE).bytes;
  }
  writer.u16(TPM_ALG_ECDSA).u16(TPM_ALG_SHA256);
  return writer.u16(TPM_ECC_NIST_P256).u16(TPM_ALG_NULL).sized(NONE).sized(NONE).bytes;
}

function algorithm(type: AttestationKeyType): number {
  return type === 'rsa' ? TPM_ALG_RSA : TPM_ALG_ECC;
}
