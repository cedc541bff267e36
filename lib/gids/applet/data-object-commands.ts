import { concatSecret } from '../../secret.js';
import { type CommandApdu, StatusWord } from '../apdu.js';
import type { Tries } from '../card-vault.js';
import { decodeTlvs, encodeTlv, readTag, type Tlv } from '../tlv.js';
import { FileAccess, requireAccess } from './access-rules.js';
import { APPLICATION, CARD_INFO_FILE } from './file-control.js';
import { putKey, readPublicKey } from './key-commands.js';
import { Refusal } from './refusal.js';
import type { Session } from './session.js';
import { storedBytes, withFile } from './state-changes.js';

const TAG_LIST = 0x5c;
const KEY_TEMPLATE = 0x70;
/** Data objects of the application: tries of the PIN and of the PUK. */
const PIN_STATUS = 0x7f71;
const PUK_STATUS = 0x7f73;
const TRIES_LEFT = 0x97;
const TRIES_LIMIT = 0x93;

/** Bytes that the data objects of a card may take together. */
const CAPACITY = 512 * 1024;

/**
 * Content of EF.ATR/INFO (ISO/IEC 7816-4, 12.1.1.9 and 12.1.1.10): the application is selected by
 * full or partial name, data objects are read by GET DATA; commands may be chained, length fields
 * extended.
 */
const CARD_INFO_OBJECTS: ReadonlyMap<number, Uint8Array> = new Map([
  [0x43, Uint8Array.of(0xd4)],
  [0x47, Uint8Array.of(0x08, 0x01, 0xc0)],
]);

/** GET DATA (CB): data objects of the file that P1 P2 name, or a public key. */
export function getData(session: Session, command: CommandApdu): Buffer | Promise<Buffer> {
  const fileId = (command.p1 << 8) | command.p2;
  const request = onlyObject(command.data);
  if (fileId === APPLICATION && request.tag === KEY_TEMPLATE) {
    return readPublicKey(session, request.value);
  }
  if (request.tag !== TAG_LIST) throw new Refusal(StatusWord.WRONG_DATA);
  const tags = decodeTagList(request.value);
  if (fileId === APPLICATION) return readTries(session, tags);
  return joinObjects(readableObjects(session, fileId), tags);
}

/** PUT DATA (DB): a data object of the file that P1 P2 name, or a key. */
export async function putData(session: Session, command: CommandApdu): Promise<undefined> {
  const fileId = (command.p1 << 8) | command.p2;
  const object = onlyObject(command.data);
  if (fileId === APPLICATION) {
    if (object.tag !== KEY_TEMPLATE) throw new Refusal(StatusWord.REFERENCED_DATA_NOT_FOUND);
    return putKey(session, object.value);
  }
  const { state } = session.vault;
  const file = state.files.get(fileId);
  if (!file) throw new Refusal(StatusWord.FILE_NOT_FOUND);
  requireAccess(session, file.accessRules, FileAccess.WRITE);
  // An own copy: the command's bytes are wiped after it.
  const objects = new Map(file.objects).set(object.tag, Uint8Array.from(object.value));
  const changed = withFile(state, fileId, { ...file, objects });
  if (storedBytes(changed) > CAPACITY) throw new Refusal(StatusWord.NOT_ENOUGH_MEMORY);
  await session.vault.store(changed);
}

function readableObjects(session: Session, fileId: number): ReadonlyMap<number, Uint8Array> {
  if (fileId === CARD_INFO_FILE) return CARD_INFO_OBJECTS;
  const file = session.vault.state.files.get(fileId);
  if (!file) throw new Refusal(StatusWord.FILE_NOT_FOUND);
  requireAccess(session, file.accessRules, FileAccess.READ);
  return file.objects;
}

/** The objects of those tags, one after the other; all when the list is "all". */
function joinObjects(objects: ReadonlyMap<number, Uint8Array>, tags: number[] | 'all'): Buffer {
  const parts: Buffer[] = [];
  for (const tag of tags === 'all' ? objects.keys() : tags) {
    const value = objects.get(tag);
    if (value === undefined) throw new Refusal(StatusWord.REFERENCED_DATA_NOT_FOUND);
    parts.push(encodeTlv(tag, value));
  }
  return parts.length === 1 && parts[0] ? parts[0] : concatSecret(...parts);
}

async function readTries(session: Session, tags: number[] | 'all'): Promise<Buffer> {
  const { vault } = session;
  const objects = new Map<number, Uint8Array>();
  if (tags === 'all' || tags.includes(PIN_STATUS)) {
    objects.set(PIN_STATUS, encodeTries(await vault.pinTries()));
  }
  if (tags === 'all' || tags.includes(PUK_STATUS)) {
    const tries = await vault.pukTries();
    if (tries) objects.set(PUK_STATUS, encodeTries(tries));
  }
  const isUnknownStatus = (tag: number) =>
    tag >> 8 === 0x7f && tag !== PIN_STATUS && tag !== PUK_STATUS;
  if (tags !== 'all' && tags.some(isUnknownStatus)) {
    throw new Refusal(StatusWord.REFERENCE_DATA_NOT_USABLE);
  }
  return joinObjects(objects, tags);
}

function encodeTries({ left, max }: Tries): Buffer {
  return concatSecret(
    encodeTlv(TRIES_LEFT, Uint8Array.of(Math.min(left, 0xff))),
    encodeTlv(TRIES_LIMIT, Uint8Array.of(Math.min(max, 0xff))),
  );
}

/** Tags one after the other; a single 00 means all. */
function decodeTagList(list: Uint8Array): number[] | 'all' {
  if (list.length === 0 || (list.length === 1 && list[0] === 0)) return 'all';
  const tags: number[] = [];
  for (let offset = 0; offset < list.length; ) {
    const tag = readTag(list, offset);
    tags.push(tag);
    offset += tag > 0xffff ? 3 : tag > 0xff ? 2 : 1;
  }
  return tags;
}

function onlyObject(data: Uint8Array): Tlv {
  const [object, ...others] = decodeTlvs(data);
  if (!object || others.length > 0) throw new Refusal(StatusWord.WRONG_DATA);
  return object;
}
