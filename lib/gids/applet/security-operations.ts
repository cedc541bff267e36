import { wipe } from '../../secret.js';
import { Operation } from '../algorithm-id.js';
import { type CommandApdu, StatusWord } from '../apdu.js';
import type { KeyPair, PublicKey } from '../card-state.js';
import type { Authorization } from '../card-vault.js';
import { decodeOaep } from '../rsa-padding.js';
import { padPkcs1Signature, unpadPkcs1 } from './pkcs1-padding.js';
import { Refusal } from './refusal.js';
import { type KeyEnvironment, usableKeyPair } from './security-environment.js';
import type { Session } from './session.js';

/** P1 P2: from what is in the data field to what is in the answer. */
const COMPUTE_DIGITAL_SIGNATURE = 0x9e9a;
const DECIPHER = 0x8086;

const DIGEST_LENGTHS: readonly number[] = [20, 32, 48, 64];

/** PERFORM SECURITY OPERATION (2A): sign or decrypt with the key that MSE SET chose. */
export function performSecurityOperation(
  session: Session,
  { p1, p2, data }: CommandApdu,
): Promise<Buffer> {
  const operation = (p1 << 8) | p2;
  if (operation === COMPUTE_DIGITAL_SIGNATURE) {
    const use = keyUse(session, session.signatureEnvironment);
    return use.keyPair.publicKey.type === 'ec'
      ? signEc(session, use, data)
      : signRsa(session, use, data);
  }
  if (operation === DECIPHER) {
    return decipher(session, keyUse(session, session.confidentialityEnvironment), data);
  }
  throw new Refusal(StatusWord.WRONG_P1_P2);
}

interface KeyUse {
  operation: number;
  keyPair: KeyPair;
  authorization: Authorization;
}

/** A key's use takes the PIN verified on this channel, whatever its access rules say. */
function keyUse(session: Session, environment: KeyEnvironment | undefined): KeyUse {
  if (!environment) throw new Refusal(StatusWord.CONDITIONS_NOT_SATISFIED);
  const keyPair = usableKeyPair(session, environment);
  const { authorization } = session;
  if (!authorization) throw new Refusal(StatusWord.SECURITY_STATUS_NOT_SATISFIED);
  return { operation: environment.operation, keyPair, authorization };
}

function signEc(session: Session, use: KeyUse, digest: Uint8Array): Promise<Buffer> {
  if (!DIGEST_LENGTHS.includes(digest.length)) throw new Refusal(StatusWord.WRONG_DATA);
  return session.vault.ecdsaSign(use.keyPair, digest, use.authorization);
}

function signRsa(session: Session, use: KeyUse, data: Uint8Array): Promise<Buffer> {
  const modulus = modulusOf(use.keyPair.publicKey);
  const block =
    use.operation === Operation.PKCS1_SIGN ? padPkcs1Signature(data, modulus.length) : data;
  if (!block || !isBelow(block, modulus)) throw new Refusal(StatusWord.WRONG_DATA);
  return session.vault.rsaPrivate(use.keyPair, block, use.authorization);
}

async function decipher(session: Session, use: KeyUse, cryptogram: Uint8Array): Promise<Buffer> {
  if (!isBelow(cryptogram, modulusOf(use.keyPair.publicKey))) {
    throw new Refusal(StatusWord.WRONG_DATA);
  }
  const block = await session.vault.rsaPrivate(use.keyPair, cryptogram, use.authorization);
  if (use.operation === Operation.RAW) return block;
  try {
    const isOaep = use.operation === Operation.OAEP_DECRYPT;
    const plaintext = isOaep ? decodeOaep(block, 'SHA1') : unpadPkcs1(block);
    if (!plaintext) throw new Refusal(StatusWord.WRONG_DATA);
    return plaintext;
  } finally {
    wipe(block);
  }
}

function modulusOf(publicKey: PublicKey): Uint8Array {
  if (publicKey.type !== 'rsa') throw new Refusal(StatusWord.REFERENCED_DATA_NOT_FOUND);
  return publicKey.modulus;
}

/** Whether a block is as long as the modulus and a smaller number. */
function isBelow(block: Uint8Array, modulus: Uint8Array): boolean {
  return block.length === modulus.length && Buffer.compare(block, modulus) < 0;
}
