import { X509Certificate } from 'node:crypto';
import { checkOptions } from '../arguments.js';
import { describeType, invalidArgument } from '../errors.js';
import { TPM_RH_ENDORSEMENT, TPM_RH_OWNER } from '../tpm/constants.js';
import { handleName, qualifiedName } from '../tpm/name.js';
import { attestationError } from './attestation-error.js';
import { type CertifyInfo, parseCertifyInfo } from './certify-info.js';
import { checkActivation, type ExpectedActivation } from './credential.js';
import { type ChainOutcome, findChain, parseCertificates } from './endorsement-chain.js';
import { judge } from './judgement.js';
import {
  parseAttestationKey,
  parseCardKey,
  parseEndorsementKey,
  type StatedKey,
} from './key-areas.js';
import { qualifyingData } from './nonce.js';
import type { AttestationReport } from './report.js';
import { checkSignature } from './signature.js';
import { type AttestationStatement, fromStatement } from './statement.js';

/** What a statement is checked against. */
export interface VerifyAttestationOptions {
  /** The nonce that the statement was asked for with: 16 to 64 bytes, used once. */
  nonce: Uint8Array;
  /** Certificates of the TPM makers' authorities that are trusted: PEM, DER, or node:crypto's. */
  endorsementRoots?: readonly (string | Uint8Array | X509Certificate)[] | undefined;
  /** What `makeCredential` kept of the challenge, and what the machine with the card answered. */
  activation?: { expected: ExpectedActivation; answer: Uint8Array } | undefined;
  /** Names of attestation keys that an earlier report called anchored, hexadecimal. */
  knownAttestationKeys?: readonly string[] | undefined;
  /** When the certificates must be valid; default now. */
  time?: Date | undefined;
}

const OPTIONS = ['nonce', 'endorsementRoots', 'activation', 'knownAttestationKeys', 'time'];

/**
 * Checks an attestation statement, and tells what it proves. No TPM is needed.
 *
 * @param statement - as `key.attest` made it, or read from JSON; it may come from an enemy
 * @throws VirtualSmartCardError `ERR_ATTESTATION` when it is broken, forged, for another nonce, or its
 * parts do not belong together; `ERR_INVALID_ARGUMENT` when it is no statement at all
 * @example
 * ```ts
 * const { level, proves, publicKey } = verifyAttestation(statement, { nonce, endorsementRoots: [root] });
 * if (level !== 'anchored' || !proves.includes('bornInTpm')) throw new Error('no certificate for you');
 * ```
 */
export function verifyAttestation(
  statement: AttestationStatement,
  options: VerifyAttestationOptions,
): AttestationReport {
  checkOptions(options, OPTIONS);
  const wanted = qualifyingData(options.nonce);
  const time = checkTime(options.time);
  const roots = parseRoots(options.endorsementRoots);
  const known = checkNames(options.knownAttestationKeys);

  const attestation = fromStatement(statement);
  const info = parseCertifyInfo(attestation.attested);
  const attestationKey = parseAttestationKey(attestation.attestationKey);
  checkSignature(attestation.attested, attestation.signature, attestationKey);
  if (!info.extraData.equals(wanted)) throw attestationError('it answers another nonce');
  const key = parseCardKey(attestation.key);
  checkNamesInside(info, key, attestation.parentName, attestationKey);

  const endorsementKey = parseEndorsementKey(attestation.endorsementKey);
  const certificates = parseCertificates(attestation.certificates);
  const [leaf, ...intermediates] = certificates;
  if (leaf && !isCertified(leaf, endorsementKey)) {
    throw attestationError("the certificate is not the endorsement key's");
  }
  const { activation } = options;
  if (activation !== undefined) {
    checkActivation(activation, attestationKey.name, endorsementKey.name);
  }
  const outcome: ChainOutcome | undefined =
    leaf && roots && findChain(leaf, intermediates, roots, time);
  const name = attestationKey.name.toString('hex');
  const judgement = judge(key, {
    isKnown: known.includes(name),
    isActivated: activation !== undefined,
    hasCertificate: leaf !== undefined,
    outcome,
  });
  return {
    ...judgement,
    publicKey: key.keyObject,
    attestationKeyName: name,
    endorsementKeyName: endorsementKey.name.toString('hex'),
    chain: outcome?.trusted ? outcome.chain : undefined,
    firmwareVersion: info.firmwareVersion,
    resetCount: info.resetCount,
  };
}

/**
 * What was signed names the key, the keys above it and the signer: the statement must show just these.
 *
 * @throws VirtualSmartCardError `ERR_ATTESTATION`
 */
export function checkNamesInside(
  info: CertifyInfo,
  key: StatedKey,
  parentName: Buffer,
  attestationKey: StatedKey,
): void {
  if (!info.name.equals(key.name)) throw attestationError('it is about another key');
  const parent = qualifiedName(handleName(TPM_RH_OWNER), parentName);
  if (!info.qualifiedName.equals(qualifiedName(parent, key.name))) {
    throw attestationError('the key is kept under another key than it says');
  }
  const endorsement = handleName(TPM_RH_ENDORSEMENT);
  if (!info.qualifiedSigner.equals(qualifiedName(endorsement, attestationKey.name))) {
    throw attestationError('the attestation key is none of the endorsement hierarchy');
  }
}

function isCertified(certificate: X509Certificate, { keyObject }: StatedKey): boolean {
  try {
    return certificate.publicKey.equals(keyObject);
  } catch {
    // A key of a kind that OpenSSL does not know is not this one.
    return false;
  }
}

function parseRoots(roots: unknown): X509Certificate[] | undefined {
  if (roots === undefined) return undefined;
  const parameter = 'endorsementRoots';
  if (!Array.isArray(roots)) throw invalidArgument(parameter, 'a list', describeType(roots));
  return roots.map((root) => {
    if (root instanceof X509Certificate) return root;
    const expected = 'certificates: PEM, DER, or X509Certificate';
    if (typeof root !== 'string' && !(root instanceof Uint8Array)) {
      throw invalidArgument(parameter, expected, describeType(root));
    }
    try {
      return new X509Certificate(root);
    } catch {
      throw invalidArgument(parameter, expected, 'something else');
    }
  });
}

function checkNames(names: unknown): readonly string[] {
  if (names === undefined) return [];
  const expected = 'a list of hexadecimal Names';
  if (!Array.isArray(names) || !names.every((name) => /^000b[0-9a-f]{64}$/.test(name))) {
    throw invalidArgument('knownAttestationKeys', expected, describeType(names));
  }
  return names;
}

function checkTime(time: unknown): Date {
  if (time === undefined) return new Date();
  if (time instanceof Date && !Number.isNaN(time.getTime())) return time;
  throw invalidArgument('time', 'a Date', describeType(time));
}
