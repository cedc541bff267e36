import { type CommandApdu, StatusWord } from '../apdu.js';
import type { CardState } from '../card-state.js';
import { encodeTlv } from '../tlv.js';
import {
  ADMIN_KEY_RULES,
  APPLICATION_RULES,
  DirectoryAccess,
  FileAccess,
  KeyAccess,
  requireAccess,
} from './access-rules.js';
import {
  ADMIN_KEY_FILE,
  APPLICATION,
  CARD_INFO_FILE,
  decodeFileControl,
  decodeFileId,
  encodeFileControl,
  isKeyFileId,
} from './file-control.js';
import { Refusal } from './refusal.js';
import type { Session } from './session.js';
import { withFile, withKeyFile, withoutFile, withoutKeyFile } from './state-changes.js';

/** The application identifier; hosts select its first 9 bytes. */
export const AID = Uint8Array.of(0xa0, 0, 0, 3, 0x97, 0x42, 0x54, 0x46, 0x59, 2, 1);
const SHORTEST_AID = 9;
/** Tags and content of SELECT's answer: which application, and the card's capabilities. */
const APPLICATION_TEMPLATE = 0x61;
const APPLICATION_IDENTIFIER = 0x4f;
const DISCRETIONARY_DATA = 0x73;
const CAPABILITIES = Uint8Array.of(0x40, 0x01, 0xc0);

const BY_FILE_ID = 0x00;
const BY_NAME = 0x04;
/** P2 of SELECT: what to answer. */
const ANSWER_FCI = 0x00;
const ANSWER_FCP = 0x04;
const ANSWER_NOTHING = 0x0c;

/** Anybody reads EF.ATR/INFO, nobody writes it. */
const CARD_INFO_RULES = Uint8Array.of(0x01, 0x00);

/** Files besides the 30 key files that a card takes. */
const MOST_FILES = 64;

/** SELECT (A4), of the application by name or of a file by its identifier. */
export function select(session: Session, { p1, p2, data }: CommandApdu): Buffer | undefined {
  if (p1 !== BY_FILE_ID && p1 !== BY_NAME) throw new Refusal(StatusWord.WRONG_P1_P2);
  if (p2 !== ANSWER_FCI && p2 !== ANSWER_FCP && p2 !== ANSWER_NOTHING) {
    throw new Refusal(StatusWord.WRONG_P1_P2);
  }
  if (p1 === BY_NAME) {
    const isOurs = data.length >= SHORTEST_AID && data.every((byte, at) => byte === AID[at]);
    if (!isOurs) throw new Refusal(StatusWord.FILE_NOT_FOUND);
    session.select();
    return p2 === ANSWER_NOTHING ? undefined : applicationTemplate();
  }
  const fileId = decodeFileId(data);
  if (fileId === undefined) throw new Refusal(StatusWord.WRONG_DATA);
  const rules = rulesOf(session.vault.state, fileId);
  if (!rules) throw new Refusal(StatusWord.FILE_NOT_FOUND);
  session.currentFile = fileId;
  return p2 === ANSWER_NOTHING ? undefined : encodeFileControl(fileId, rules);
}

/** CREATE FILE (E0). The new file becomes the current one. */
export async function createFile(session: Session, command: CommandApdu): Promise<undefined> {
  requireZeroParameters(command);
  const request = decodeFileControl(command.data);
  const { state } = session.vault;
  const exists = rulesOf(state, request.fileId) !== undefined;
  if (exists && (request.type !== 'adminKey' || state.activated)) {
    throw new Refusal(StatusWord.FILE_EXISTS);
  }
  requireAccess(session, APPLICATION_RULES, DirectoryAccess.CREATE_FILE);
  if (request.type === 'elementary') {
    if (state.files.size >= MOST_FILES) throw new Refusal(StatusWord.NOT_ENOUGH_MEMORY);
    await session.vault.store(withFile(state, request.fileId, request.file));
  } else if (request.type === 'key') {
    if (!(await session.vault.supportsAlgorithm(request.file.algorithm))) {
      throw new Refusal(StatusWord.FUNCTION_NOT_SUPPORTED);
    }
    await session.vault.store(withKeyFile(state, request.keyReference, request.file));
  }
  session.currentFile = request.fileId;
}

/**
 * ACTIVATE FILE (44) of the current file. Activating the application puts the access rules in force,
 * and there is no way back.
 */
export async function activateFile(session: Session, command: CommandApdu): Promise<undefined> {
  requireZeroParameters(command);
  if (command.data.length > 0) throw new Refusal(StatusWord.WRONG_LENGTH);
  const { state } = session.vault;
  if (!rulesOf(state, session.currentFile)) throw new Refusal(StatusWord.FILE_NOT_FOUND);
  const changed = withActivated(state, session.currentFile);
  if (changed === state) return;
  requireAccess(session, APPLICATION_RULES, DirectoryAccess.CREATE_FILE);
  await session.vault.store(changed);
}

/**
 * DELETE FILE (E4), of the current file or the one named. Deleting takes what the application and
 * the file's own rules for writing ask: else a user could replace what only the administrator writes.
 */
export async function deleteFile(session: Session, command: CommandApdu): Promise<undefined> {
  requireZeroParameters(command);
  const { vault } = session;
  const { state } = vault;
  const fileId = command.data.length === 0 ? session.currentFile : decodeFileId(command.data);
  if (fileId === undefined) throw new Refusal(StatusWord.WRONG_DATA);
  const rules = rulesOf(state, fileId);
  if (!rules) throw new Refusal(StatusWord.FILE_NOT_FOUND);
  if (fileId === APPLICATION || fileId === ADMIN_KEY_FILE || fileId === CARD_INFO_FILE) {
    throw new Refusal(StatusWord.CONDITIONS_NOT_SATISFIED);
  }
  requireAccess(session, APPLICATION_RULES, DirectoryAccess.DELETE_CHILD);
  if (isKeyFileId(fileId)) {
    requireAccess(session, rules, KeyAccess.PUT);
    const keyPair = state.keys.get(fileId & 0xff)?.keyPair;
    if (keyPair) await vault.releaseKey(keyPair);
    await vault.store(withoutKeyFile(state, fileId & 0xff));
  } else {
    requireAccess(session, rules, FileAccess.WRITE);
    await vault.store(withoutFile(state, fileId));
  }
  session.currentFile = APPLICATION;
}

/** The access rules of a file; undefined when the card has no such file. */
function rulesOf(state: CardState, fileId: number): Uint8Array | undefined {
  if (fileId === APPLICATION) return APPLICATION_RULES;
  if (fileId === CARD_INFO_FILE) return CARD_INFO_RULES;
  if (fileId === ADMIN_KEY_FILE) return ADMIN_KEY_RULES;
  return (isKeyFileId(fileId) ? state.keys.get(fileId & 0xff) : state.files.get(fileId))
    ?.accessRules;
}

/** The state with the file activated; the same state when it was. */
function withActivated(state: CardState, fileId: number): CardState {
  if (fileId === APPLICATION) return state.activated ? state : { ...state, activated: true };
  if (isKeyFileId(fileId)) {
    const key = state.keys.get(fileId & 0xff);
    if (!key || key.activated) return state;
    return withKeyFile(state, fileId & 0xff, { ...key, activated: true });
  }
  const file = state.files.get(fileId);
  return !file || file.activated ? state : withFile(state, fileId, { ...file, activated: true });
}

function applicationTemplate(): Buffer {
  return encodeTlv(
    APPLICATION_TEMPLATE,
    encodeTlv(APPLICATION_IDENTIFIER, AID),
    encodeTlv(DISCRETIONARY_DATA, CAPABILITIES),
  );
}

function requireZeroParameters({ p1, p2 }: CommandApdu): void {
  if (p1 !== 0 || p2 !== 0) throw new Refusal(StatusWord.WRONG_P1_P2);
}
