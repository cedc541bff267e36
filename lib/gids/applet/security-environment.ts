import { keyType, keyTypeBits, Operation, operationBits } from '../algorithm-id.js';
import { type CommandApdu, StatusWord } from '../apdu.js';
import type { KeyFile, KeyPair } from '../card-state.js';
import { decodeTlvs, findTlv } from '../tlv.js';
import { KeyAccess, requireAccess } from './access-rules.js';
import { ADMIN_KEY_REFERENCE } from './file-control.js';
import { Refusal } from './refusal.js';
import type { Session } from './session.js';

/** A key chosen by MSE SET, and what to do with it. */
export interface KeyEnvironment {
  keyReference: number;
  /** Algorithm identifier without operation bits. */
  algorithm: number;
  /** One of {@link Operation}. */
  operation: number;
}

/** P1: SET for computation, decipherment and internal authentication; for the opposite; for both. */
const SET_FORMS: readonly number[] = [0x41, 0x81, 0xc1];
/** P2: which control reference template the data field is. */
const Template = { AUTHENTICATION: 0xa4, SIGNATURE: 0xb6, CONFIDENTIALITY: 0xb8 } as const;
/** Control reference data objects. */
const Reference = { ALGORITHM: 0x80, PUBLIC_OR_SECRET_KEY: 0x83, PRIVATE_KEY: 0x84 } as const;

const SIGNATURE_OPERATIONS = {
  rsa: [Operation.RAW_SIGN, Operation.PKCS1_SIGN],
  ec: [Operation.RAW, Operation.RAW_SIGN],
} as const;
const CONFIDENTIALITY_OPERATIONS = {
  rsa: [Operation.RAW, Operation.PKCS1_DECRYPT, Operation.OAEP_DECRYPT],
  ec: [],
} as const;

/** MANAGE SECURITY ENVIRONMENT (22), SET: which key the next operations use, and how. */
export function manageSecurityEnvironment(
  session: Session,
  { p1, p2, data }: CommandApdu,
): undefined {
  if (!SET_FORMS.includes(p1)) throw new Refusal(StatusWord.WRONG_P1_P2);
  const references = decodeTlvs(data);
  const keyReference = oneByte(
    findTlv(references, Reference.PRIVATE_KEY) ??
      findTlv(references, Reference.PUBLIC_OR_SECRET_KEY),
  );
  if (p2 === Template.AUTHENTICATION) {
    session.adminKeyChosen = false;
    session.forgetChallenge();
    if (keyReference !== ADMIN_KEY_REFERENCE) {
      throw new Refusal(StatusWord.REFERENCED_DATA_NOT_FOUND);
    }
    session.adminKeyChosen = true;
    return;
  }
  const algorithmId = () => oneByte(findTlv(references, Reference.ALGORITHM));
  if (p2 === Template.SIGNATURE) {
    session.signatureEnvironment = undefined;
    session.signatureEnvironment = chooseKey(session, keyReference, algorithmId(), 'signature');
  } else if (p2 === Template.CONFIDENTIALITY) {
    session.confidentialityEnvironment = undefined;
    session.confidentialityEnvironment = chooseKey(
      session,
      keyReference,
      algorithmId(),
      'confidentiality',
    );
  } else throw new Refusal(StatusWord.WRONG_P1_P2);
}

/**
 * The key pair that an environment names, when it may be used now: the key's file may have changed
 * or the PIN state ended since MSE SET.
 */
export function usableKeyPair(session: Session, environment: KeyEnvironment): KeyPair {
  const key = session.vault.state.keys.get(environment.keyReference);
  if (!key || key.algorithm !== environment.algorithm) {
    throw new Refusal(StatusWord.REFERENCED_DATA_NOT_FOUND);
  }
  return requireUsable(session, key);
}

function chooseKey(
  session: Session,
  keyReference: number,
  algorithmId: number,
  template: 'signature' | 'confidentiality',
): KeyEnvironment {
  const key = session.vault.state.keys.get(keyReference);
  if (!key) throw new Refusal(StatusWord.REFERENCED_DATA_NOT_FOUND);
  const algorithm = keyTypeBits(algorithmId);
  const type = keyType(algorithm)?.type;
  const operation = operationBits(algorithmId);
  const operations = template === 'signature' ? SIGNATURE_OPERATIONS : CONFIDENTIALITY_OPERATIONS;
  const isOffered =
    type !== undefined &&
    algorithm === key.algorithm &&
    (operations[type] as readonly number[]).includes(operation);
  if (!isOffered || !key.usage[template]) throw new Refusal(StatusWord.FUNCTION_NOT_SUPPORTED);
  requireUsable(session, key);
  return { keyReference, algorithm, operation };
}

/** The key pair of a file whose rules let this channel use it. */
export function requireUsable(session: Session, key: KeyFile): KeyPair {
  requireAccess(session, key.accessRules, KeyAccess.USE);
  if (!key.keyPair || !key.activated) throw new Refusal(StatusWord.REFERENCE_DATA_NOT_USABLE);
  return key.keyPair;
}

function oneByte(value: Uint8Array | undefined): number {
  const [byte] = value ?? [];
  if (byte === undefined || value?.length !== 1) throw new Refusal(StatusWord.WRONG_DATA);
  return byte;
}
