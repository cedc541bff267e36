import type { SignatureAlgorithm } from '../algorithms.js';
import { VirtualSmartCardError } from '../errors.js';
import { wireMpint, wireString } from './wire.js';

/** How a key signs for ssh. */
export interface SshSignatureAlgorithm {
  /** Its name in the signature (RFC 8332, RFC 5656). */
  name: string;
  /** Our own name for it. */
  algorithm: SignatureAlgorithm;
}

/** What a client asks of an RSA key: SSH_AGENT_RSA_SHA2_256 and _512. */
export const RSA_SHA2_256 = 2;
export const RSA_SHA2_512 = 4;

const ECDSA: Readonly<Record<string, SignatureAlgorithm>> = {
  'ecdsa-sha2-nistp256': 'ECDSA-SHA256',
  'ecdsa-sha2-nistp384': 'ECDSA-SHA384',
};

/**
 * The algorithm that a request means.
 *
 * @param keyType - of the public key
 * @param flags - of the request; they say something about RSA keys only
 * @throws VirtualSmartCardError `ERR_ALGORITHM_NOT_SUPPORTED` for RSA with SHA-1, unless it is allowed
 */
export function sshSignatureAlgorithm(
  keyType: string,
  flags: number,
  allowSha1: boolean,
): SshSignatureAlgorithm {
  const ecdsa = ECDSA[keyType];
  if (ecdsa) return { name: keyType, algorithm: ecdsa };
  if (flags & RSA_SHA2_256) return { name: 'rsa-sha2-256', algorithm: 'RSA-SHA256' };
  if (flags & RSA_SHA2_512) return { name: 'rsa-sha2-512', algorithm: 'RSA-SHA512' };
  if (allowSha1) return { name: 'ssh-rsa', algorithm: 'RSA-SHA1' };
  throw new VirtualSmartCardError(
    'ERR_ALGORITHM_NOT_SUPPORTED',
    'A client asked for a signature with SHA-1 (ssh-rsa), which can be forged. OpenSSH 7.2 and later' +
      ' ask for SHA-2; allowSha1 allows it.',
  );
}

/**
 * What follows the algorithm's name in a signature.
 *
 * @param signature - RSA: as it is. ECDSA: r ‖ s
 */
export function signatureContent(keyType: string, signature: Uint8Array): Buffer {
  if (!ECDSA[keyType]) return Buffer.from(signature);
  const half = signature.length / 2;
  return Buffer.concat([
    wireMpint(signature.subarray(0, half)),
    wireMpint(signature.subarray(half)),
  ]);
}

/** A whole signature: the algorithm's name and its content. */
export function signatureBlob(name: string, content: Uint8Array): Buffer {
  return Buffer.concat([wireString(name), wireString(content)]);
}
