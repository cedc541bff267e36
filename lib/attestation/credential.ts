import { randomBytes, timingSafeEqual } from 'node:crypto';
import { checkOptions } from '../arguments.js';
import { invalidArgument } from '../errors.js';
import { wipe } from '../secret.js';
import type { Credential } from '../tpm/activate-credential.js';
import { wrapOuter } from '../tpm/outer-wrap.js';
import { shareSecret } from '../tpm/parent-secret.js';
import { TpmWriter } from '../tpm/writer.js';
import { attestationError } from './attestation-error.js';
import { parseAttestationKey, parseEndorsementKey } from './key-areas.js';
import { type AttestationStatement, decodeBase64, fromStatement } from './statement.js';

/**
 * What goes to the machine with the card: a secret that only the TPM reads that has both keys of the
 * statement. As JSON; byte strings are base64.
 */
export interface ActivationChallenge {
  /** Version of this form. */
  version: 1;
  /** The endorsement key that it is encrypted to. */
  endorsementKeyType: 'RSA-2048' | 'EC-P256';
  /** Content of the TPM2B_ID_OBJECT. */
  credentialBlob: string;
  /** Content of the TPM2B_ENCRYPTED_SECRET. */
  encryptedSecret: string;
}

/** What stays with who asks, and is kept secret until the answer is there. As JSON. */
export interface ExpectedActivation {
  /** The secret in the challenge, base64. */
  secret: string;
  /** Name of the attestation key that it is for, base64. */
  attestationKeyName: string;
  /** Name of the endorsement key that it is for, base64. */
  endorsementKeyName: string;
}

const SECRET_LENGTH = 32;
const MAX_BLOB = 1024;
const TYPES = { 'RSA-2048': 'rsa', 'EC-P256': 'ec' } as const;

/**
 * TPM2_MakeCredential without a TPM (Part 1, 24): the question whether the statement's attestation key
 * and its endorsement key are in one TPM. Send `challenge` to the machine with the card, which answers
 * by `manager.activateCredential`; keep `expected`, and give both to {@link verifyAttestation}.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`, `ERR_ATTESTATION` (the statement is broken)
 * @example
 * ```ts
 * const { challenge, expected } = makeCredential(statement);
 * const answer = await sendToMachine(challenge);
 * const report = verifyAttestation(statement, { nonce, endorsementRoots, activation: { expected, answer } });
 * ```
 */
export function makeCredential(statement: AttestationStatement): {
  challenge: ActivationChallenge;
  expected: ExpectedActivation;
} {
  const attestation = fromStatement(statement);
  const attestationKey = parseAttestationKey(attestation.attestationKey);
  const endorsementKey = parseEndorsementKey(attestation.endorsementKey);
  const secret = randomBytes(SECRET_LENGTH);
  const seed = shareSecret(endorsementKey.publicKey, 'IDENTITY');
  const identity = new TpmWriter(64).sized(secret);
  try {
    return {
      challenge: {
        version: 1,
        endorsementKeyType: endorsementKey.publicKey.type === 'rsa' ? 'RSA-2048' : 'EC-P256',
        credentialBlob: base64(wrapOuter(identity.bytes, attestationKey.name, seed.secret)),
        encryptedSecret: base64(seed.encrypted),
      },
      expected: {
        secret: base64(secret),
        attestationKeyName: base64(attestationKey.name),
        endorsementKeyName: base64(endorsementKey.name),
      },
    };
  } finally {
    wipe(seed.secret, secret);
    identity.wipe();
  }
}

/** A challenge as the TPM takes it. @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT` */
export function toCredential(challenge: unknown): Credential {
  const known = ['version', 'endorsementKeyType', 'credentialBlob', 'encryptedSecret'];
  checkOptions(challenge, known, 'challenge');
  const given = challenge as Partial<ActivationChallenge>;
  if (given.version !== 1) {
    throw invalidArgument('challenge.version', '1', String(given.version).slice(0, 20));
  }
  const type = String(given.endorsementKeyType);
  if (type !== 'RSA-2048' && type !== 'EC-P256') {
    const expected = Object.keys(TYPES).join(' or ');
    throw invalidArgument('challenge.endorsementKeyType', expected, `"${type.slice(0, 40)}"`);
  }
  return {
    type: TYPES[type],
    credentialBlob: decodeBase64(given.credentialBlob, 'challenge.credentialBlob', MAX_BLOB),
    encryptedSecret: decodeBase64(given.encryptedSecret, 'challenge.encryptedSecret', MAX_BLOB),
  };
}

/**
 * Checks the machine's answer.
 *
 * @throws VirtualSmartCardError `ERR_ATTESTATION` when it is another secret, or one for other keys
 */
export function checkActivation(
  activation: unknown,
  attestationKeyName: Buffer,
  endorsementKeyName: Buffer,
): void {
  checkOptions(activation, ['expected', 'answer'], 'activation');
  const { expected, answer } = activation as { expected: unknown; answer: unknown };
  const names = ['secret', 'attestationKeyName', 'endorsementKeyName'];
  checkOptions(expected, names, 'activation.expected');
  const given = expected as Partial<ExpectedActivation>;
  const field = (name: keyof ExpectedActivation) =>
    decodeBase64(given[name], `activation.expected.${name}`, MAX_BLOB);
  const secret = field('secret');
  const isSame =
    field('attestationKeyName').equals(attestationKeyName) &&
    field('endorsementKeyName').equals(endorsementKeyName);
  if (secret.length !== SECRET_LENGTH) {
    throw invalidArgument('activation.expected.secret', `${SECRET_LENGTH} bytes`, 'another length');
  }
  if (!(answer instanceof Uint8Array)) {
    throw invalidArgument('activation.answer', 'a Uint8Array', typeof answer);
  }
  if (!isSame) throw attestationError('the challenge was made for the keys of another statement');
  if (answer.length !== SECRET_LENGTH || !timingSafeEqual(answer, secret)) {
    throw attestationError("the answer to the challenge is wrong, so the keys are not one TPM's");
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}
