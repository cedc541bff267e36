import { wipe } from '../../secret.js';
import { keyTypeBits } from '../algorithm-id.js';
import { type CommandApdu, StatusWord } from '../apdu.js';
import type { KeyFile, KeyPair, PublicKey } from '../card-state.js';
import type { Authorization } from '../card-vault.js';
import { decodeTlv, decodeTlvs, encodeTlv, findTlv } from '../tlv.js';
import { keyCheckValue } from '../triple-des.js';
import { ADMIN_KEY_RULES, KeyAccess, requireAccess } from './access-rules.js';
import { ADMIN_KEY_REFERENCE } from './file-control.js';
import { decodePrivateKey } from './imported-private-key.js';
import { Refusal } from './refusal.js';
import type { Session } from './session.js';
import { withKeyFile } from './state-changes.js';

/** Tags around keys: in GENERATE, and in the DO 70 by which keys are read and put. */
const Tag = {
  GENERATE_TEMPLATE: 0xac,
  ALGORITHM: 0x80,
  GENERATE_KEY_REFERENCE: 0x83,
  KEY_REFERENCE: 0x84,
  KEY_VALUE_TEMPLATE: 0xa5,
  /** In the key value template: which key the value is encrypted by; 00 is none. */
  ENCRYPTING_KEY_REFERENCE: 0x84,
  KEY_VALUE: 0x87,
  KEY_CHECK_VALUE: 0x88,
  PUBLIC_KEY: 0x7f49,
} as const;

const ADMIN_KEY_LENGTH = 24;
/** OpenSC's gids-tool sends the check value of the default admin key with every key. */
const GIDS_TOOL_CHECK_VALUE = Buffer.from([0xb0, 0x73, 0xdc]);
const NOT_ENCRYPTED = 0x00;
/** The key value template that asks for the public key alone: a header without a value. */
const PUBLIC_KEY_HEADER = Buffer.from([0x7f, 0x49, 0x80]);

/** GENERATE ASYMMETRIC KEY PAIR (47) in a key file. Answers the public key. */
export async function generateKeyPair(session: Session, command: CommandApdu): Promise<Buffer> {
  if (command.p1 !== 0x00 || command.p2 !== 0x00) throw new Refusal(StatusWord.WRONG_P1_P2);
  const template = decodeTlvs(decodeTlv(Tag.GENERATE_TEMPLATE, command.data));
  const keyReference = oneByte(findTlv(template, Tag.GENERATE_KEY_REFERENCE));
  const algorithm = oneByte(findTlv(template, Tag.ALGORITHM));
  const { file, authorization } = keyFileToFill(session, keyReference, KeyAccess.GENERATE);
  if (keyTypeBits(algorithm) !== file.algorithm) throw new Refusal(StatusWord.WRONG_DATA);
  const keyPair = await session.vault.generateKey(file.algorithm, authorization);
  await storeKeyPair(session, keyReference, file, keyPair);
  return encodePublicKey(keyPair.publicKey);
}

/** PUT DATA of a DO 70: a new admin key, or a private key for a key file. */
export async function putKey(session: Session, value: Uint8Array): Promise<undefined> {
  const objects = decodeTlvs(value);
  const keyReference = oneByte(findTlv(objects, Tag.KEY_REFERENCE));
  const template = findTlv(objects, Tag.KEY_VALUE_TEMPLATE);
  if (!template) throw new Refusal(StatusWord.WRONG_DATA);
  if (keyReference === ADMIN_KEY_REFERENCE) await putAdminKey(session, template);
  else await putPrivateKey(session, keyReference, template);
}

/** GET DATA of a DO 70: a key file's public key, which anybody may read by Microsoft's rules. */
export function readPublicKey(session: Session, value: Uint8Array): Buffer {
  const objects = decodeTlvs(value);
  const keyReference = oneByte(findTlv(objects, Tag.KEY_REFERENCE));
  const template = findTlv(objects, Tag.KEY_VALUE_TEMPLATE);
  if (!template || !PUBLIC_KEY_HEADER.equals(template)) throw new Refusal(StatusWord.WRONG_DATA);
  const file = session.vault.state.keys.get(keyReference);
  if (!file) throw new Refusal(StatusWord.REFERENCED_DATA_NOT_FOUND);
  requireAccess(session, file.accessRules, KeyAccess.READ_PUBLIC);
  if (!file.keyPair) throw new Refusal(StatusWord.REFERENCED_DATA_NOT_FOUND);
  return encodePublicKey(file.keyPair.publicKey);
}

async function putAdminKey(session: Session, template: Uint8Array): Promise<void> {
  requireAccess(session, ADMIN_KEY_RULES, KeyAccess.PUT);
  const objects = decodeTlvs(template);
  const key = findTlv(objects, Tag.KEY_VALUE);
  if (key?.length !== ADMIN_KEY_LENGTH) throw new Refusal(StatusWord.REFERENCE_DATA_NOT_USABLE);
  const given = findTlv(objects, Tag.KEY_CHECK_VALUE);
  if (given && !GIDS_TOOL_CHECK_VALUE.equals(given) && !keyCheckValue(key).equals(given)) {
    throw new Refusal(StatusWord.REFERENCE_DATA_NOT_USABLE);
  }
  await session.vault.setAdminKey(key);
  session.adminKeyReplaced();
}

async function putPrivateKey(
  session: Session,
  keyReference: number,
  template: Uint8Array,
): Promise<void> {
  const { file, authorization } = keyFileToFill(session, keyReference, KeyAccess.PUT);
  const objects = decodeTlvs(template);
  const encryptingKey = findTlv(objects, Tag.ENCRYPTING_KEY_REFERENCE);
  if (encryptingKey && oneByte(encryptingKey) !== NOT_ENCRYPTED) {
    throw new Refusal(StatusWord.WRONG_DATA);
  }
  const keyValue = findTlv(objects, Tag.KEY_VALUE);
  if (!keyValue) throw new Refusal(StatusWord.REFERENCE_DATA_NOT_USABLE);
  const privateKey = decodePrivateKey(file.algorithm, keyValue);
  try {
    const keyPair = await session.vault.importKey(file.algorithm, privateKey, authorization);
    await storeKeyPair(session, keyReference, file, keyPair);
  } finally {
    wipe(privateKey.type === 'rsa' ? privateKey.prime1 : privateKey.scalar);
  }
}

/** A key file that may get a key pair now; that takes the PIN verified on this channel in any case. */
function keyFileToFill(
  session: Session,
  keyReference: number,
  access: number,
): { file: KeyFile; authorization: Authorization } {
  const file = session.vault.state.keys.get(keyReference);
  if (!file) throw new Refusal(StatusWord.REFERENCED_DATA_NOT_FOUND);
  requireAccess(session, file.accessRules, access);
  const { authorization } = session;
  if (!authorization) throw new Refusal(StatusWord.SECURITY_STATUS_NOT_SATISFIED);
  return { file, authorization };
}

/** Puts the key pair in place of the file's former one, if it had one. */
async function storeKeyPair(
  { vault }: Session,
  keyReference: number,
  file: KeyFile,
  keyPair: KeyPair,
): Promise<void> {
  if (file.keyPair) await vault.releaseKey(file.keyPair);
  await vault.store(withKeyFile(vault.state, keyReference, { ...file, keyPair }));
}

/** DO 7F49 (ISO/IEC 7816-8, 5.3): RSA 81 modulus 82 exponent; ECC 86 uncompressed point. */
function encodePublicKey(key: PublicKey): Buffer {
  if (key.type === 'rsa') {
    return encodeTlv(Tag.PUBLIC_KEY, encodeTlv(0x81, key.modulus), encodeTlv(0x82, key.exponent));
  }
  return encodeTlv(Tag.PUBLIC_KEY, encodeTlv(0x86, Uint8Array.of(0x04), key.x, key.y));
}

function oneByte(value: Uint8Array | undefined): number {
  const [byte] = value ?? [];
  if (byte === undefined || value?.length !== 1) throw new Refusal(StatusWord.WRONG_DATA);
  return byte;
}
