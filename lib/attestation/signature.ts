import { verify } from 'node:crypto';
import { TPM_ALG_ECDSA, TPM_ALG_RSASSA, TPM_ALG_SHA256 } from '../tpm/constants.js';
import { leftPad } from '../tpm/public-area.js';
import { TpmReader } from '../tpm/reader.js';
import { attestationError, parsing } from './attestation-error.js';
import type { StatedKey } from './key-areas.js';

/** Size of each half of a signature on P-256. */
const HALF = 32;

/**
 * Checks the attestation key's signature (TPMT_SIGNATURE; Part 2, 11.3.4).
 *
 * @throws VirtualSmartCardError `ERR_ATTESTATION`
 */
export function checkSignature(attested: Buffer, signature: Buffer, key: StatedKey): void {
  const raw = parsing('the signature', () => readSignature(signature, key));
  const isRight = parsing('the signature', () =>
    verify('sha256', attested, { key: key.keyObject, dsaEncoding: 'ieee-p1363' }, raw),
  );
  if (!isRight) throw attestationError('the signature is not that of the attestation key');
}

/** The signature as node:crypto takes it: RSA's, or r ‖ s. */
function readSignature(bytes: Buffer, { publicKey }: StatedKey): Buffer {
  const reader = new TpmReader(bytes);
  const algorithm = reader.u16();
  const wanted = publicKey.type === 'rsa' ? TPM_ALG_RSASSA : TPM_ALG_ECDSA;
  if (algorithm !== wanted || reader.u16() !== TPM_ALG_SHA256) {
    throw attestationError("the signature is of another scheme than the attestation key's");
  }
  const signature =
    publicKey.type === 'rsa'
      ? reader.sized()
      : Buffer.concat([leftPad(reader.sized(), HALF), leftPad(reader.sized(), HALF)]);
  reader.end();
  return signature;
}
