import { Instruction } from '../gids/apdu.js';
import { FIRST_FREE_OBJECT, FileId, keyFileId } from '../gids/file-ids.js';
import type { Purpose } from '../gids/status-error.js';
import type { AuditAct } from './event.js';

/** What a command does that is worth telling. */
export interface ChannelAct {
  name: AuditAct;
  /** By which its status word becomes an error. */
  purpose: Purpose;
  /** The key file or data object that it names, hexadecimal. */
  object?: string;
  /** Told of only when it failed. */
  onlyFailed?: true;
}

/** How a command begins, as far as that says what it is about. No part of a PIN or key is in it. */
export interface CommandHead {
  ins: number;
  p1: number;
  p2: number;
  hasData: boolean;
  /** How the data begins in PUT DATA, GENERATE and GENERAL AUTHENTICATE; empty for all others. */
  tags: Uint8Array;
}

const HEADER_LENGTH = 5;
const EXTENDED_HEADER_LENGTH = 7;
/** A key reference is among these: 70 82 LL LL 84 01 KK to put one, AC 06 80 01 AA 83 01 KK to make one. */
const LONGEST_TAGS = 8;
const WITH_TAGS: readonly number[] = [
  Instruction.PUT_DATA,
  Instruction.GENERATE_KEY_PAIR,
  Instruction.GENERAL_AUTHENTICATE,
];
const NO_TAGS = new Uint8Array(0);
/** PUT DATA to the application itself: a key, by its reference. */
const APPLICATION = 0x3fff;
const KEY_TEMPLATE = 0x70;
const KEY_REFERENCE = 0x84;
/** The same in GENERATE's template. */
const NEW_KEY_REFERENCE = 0x83;
const ADMIN_KEY = 0x80;
/** GENERAL AUTHENTICATE: what proves the key is in a DO 82 of the template. */
const AUTHENTICATION_TEMPLATE = 0x7c;
const RESPONSE = 0x82;
const PIN_REFERENCE = 0x80;
/** P1 of RESET RETRY COUNTER after the admin key was authenticated. */
const BY_ADMIN = 0x02;

/** Takes the beginning of a command; `undefined` of what is no command. */
export function headOf(command: Uint8Array): CommandHead | undefined {
  const [, ins, p1, p2, length] = command;
  if (ins === undefined || p1 === undefined || p2 === undefined) return undefined;
  const hasData = command.length > HEADER_LENGTH;
  const hasTags = WITH_TAGS.includes(ins);
  const start = length === 0 ? EXTENDED_HEADER_LENGTH : HEADER_LENGTH;
  const tags = hasTags ? Uint8Array.from(command.subarray(start, start + LONGEST_TAGS)) : NO_TAGS;
  return { ins, p1, p2, hasData, tags };
}

/**
 * What a whole command does; undefined for what is no life-cycle act.
 *
 * @param selected - the file that was selected last, hexadecimal
 */
export function channelActOf(
  head: CommandHead,
  selected: string | undefined,
): ChannelAct | undefined {
  const { ins, p1, p2, hasData, tags } = head;
  const ofSelected = selected === undefined ? {} : { object: selected };
  switch (ins) {
    case Instruction.VERIFY:
      // Without data it only asks whether the PIN is verified; with another reference it logs out.
      if (!hasData || p2 !== PIN_REFERENCE) return undefined;
      return { name: 'verify-pin', purpose: 'verifyPin', onlyFailed: true };
    case Instruction.CHANGE_REFERENCE_DATA:
      return { name: 'change-pin', purpose: 'changePin' };
    case Instruction.RESET_RETRY_COUNTER:
      return { name: 'unblock', purpose: p1 === BY_ADMIN ? 'resetPinByAdmin' : 'resetPinByPuk' };
    case Instruction.GENERATE_KEY_PAIR:
      return createKeyAct(tags);
    case Instruction.DELETE_FILE:
      return { name: 'delete-key', purpose: 'deleteKey', ...ofSelected };
    case Instruction.GENERAL_AUTHENTICATE:
      if (tags[0] !== AUTHENTICATION_TEMPLATE || tags[valueOffset(tags)] !== RESPONSE)
        return undefined;
      return { name: 'verify-admin-key', purpose: 'authenticateAdmin' };
    case Instruction.PUT_DATA:
      return putDataAct((p1 << 8) | p2, tags);
    default:
      return undefined;
  }
}

/** The directory, the container map and the counters belong to acts that are told by what they change. */
function putDataAct(fileId: number, tags: Uint8Array): ChannelAct | undefined {
  if (fileId === APPLICATION) return putKeyAct(tags);
  const tag = ((tags[0] ?? 0) << 8) | (tags[1] ?? 0);
  const isBookkeeping =
    fileId === FileId.DIRECTORY ||
    (fileId === FileId.EVERYONE_READS_USER_WRITES && tag < FIRST_FREE_OBJECT);
  if (isBookkeeping) return undefined;
  return {
    name: 'write-file',
    purpose: 'writeFile',
    object: `${hexadecimal(fileId)}/${hexadecimal(tag)}`,
  };
}

function createKeyAct(tags: Uint8Array): ChannelAct {
  const at = tags.findIndex((tag, i) => tag === NEW_KEY_REFERENCE && tags[i + 1] === 1);
  const reference = at < 0 ? undefined : tags[at + 2];
  const about = reference === undefined ? {} : { object: hexadecimal(keyFileId(reference)) };
  return { name: 'create-key', purpose: 'createKey', ...about };
}

function putKeyAct(tags: Uint8Array): ChannelAct | undefined {
  const offset = valueOffset(tags);
  const reference = tags[offset + 2];
  const isKey = tags[0] === KEY_TEMPLATE && tags[offset] === KEY_REFERENCE;
  if (!isKey || reference === undefined) return undefined;
  if (reference === ADMIN_KEY) return { name: 'change-admin-key', purpose: 'setAdminKey' };
  return { name: 'import-key', purpose: 'importKey', object: hexadecimal(keyFileId(reference)) };
}

/** Where the value of the first data object begins: behind a tag of one byte and 1 to 3 of length. */
function valueOffset(tags: Uint8Array): number {
  const length = tags[1] ?? 0;
  return length < 0x80 ? 2 : 2 + (length & 0x7f);
}

function hexadecimal(number: number): string {
  return number.toString(16).toUpperCase().padStart(4, '0');
}
