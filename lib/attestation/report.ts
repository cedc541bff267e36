import type { KeyObject, X509Certificate } from 'node:crypto';

/**
 * What a statement proves. `signed`: the attestation key has signed it for this nonce. The others only
 * of an anchored statement: `genuineTpm`: that key is in a TPM that a trusted root vouches for.
 * `authorized`: whoever asked for the statement had the authorisation that opens the key. `inTpm`: the
 * key is in that TPM and does not leave it. `bornInTpm`: it was made there, so it was never elsewhere.
 */
export type AttestationClaim = 'signed' | 'genuineTpm' | 'authorized' | 'inTpm' | 'bornInTpm';

/** What a statement leaves open, or what speaks against its key. */
export interface AttestationFinding {
  /**
   * `noCertificate`: the TPM has no certificate for its endorsement key. `noRoots`: the caller named no
   * roots. `untrusted`: none of them stands above the certificate. `notActivated`: nobody has asked
   * whether attestation key and endorsement key are in one TPM. `notBornInTpm`: the key came from
   * outside, so there may be copies. `canLeaveTpm`: its TPM does not hold it for good.
   * `openWithoutPassword`: the key opens by a policy, or not at all, rather than by its authorisation
   * value. `pinNotShown`: always; no TPM can show what guards that value.
   */
  code:
    | 'noCertificate'
    | 'noRoots'
    | 'untrusted'
    | 'notActivated'
    | 'notBornInTpm'
    | 'canLeaveTpm'
    | 'openWithoutPassword'
    | 'pinNotShown';
  /** The same for people. */
  message: string;
}

/** What {@link verifyAttestation} found. */
export interface AttestationReport {
  /**
   * `anchored`: a root that the caller trusts, or an earlier activation, stands behind the statement.
   * `unanchored`: it is consistent, but a program without any TPM could have made it.
   */
  level: 'anchored' | 'unanchored';
  /** What is proven. */
  proves: readonly AttestationClaim[];
  /** What is not, and why. */
  findings: readonly AttestationFinding[];
  /** The card's key: compare it with that of the certificate or request in question. */
  publicKey: KeyObject;
  /** Name of the attestation key, hexadecimal: for `knownAttestationKeys` after an activation. */
  attestationKeyName: string;
  /** Name of the endorsement key, hexadecimal: which TPM it is. */
  endorsementKeyName: string;
  /** The endorsement key's certificate, those above it, and the root; undefined unless they were found. */
  chain: readonly X509Certificate[] | undefined;
  /** The TPM's firmware version as four dotted 16-bit numbers. */
  firmwareVersion: string;
  /** Resets of the TPM so far. */
  resetCount: number;
}
