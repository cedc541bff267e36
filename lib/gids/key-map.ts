import { withoutEmptyEnd } from './record-file.js';
import { cardResponseError } from './status-error.js';

/** One record of the keymap: the key file of a container. */
export interface KeyMapRecord {
  /** GIDS algorithm identifier without operation bits. */
  algorithm: number;
  /** Whether the key decrypts, or only signs. */
  usage: 'signAndDecrypt' | 'sign';
  /** 81 and on. */
  keyReference: number;
}

/** The keymap (A000/DF20): a version byte, then 12 bytes for each container. A
 * record's place is its container's index; undefined where there is no key. */
export type KeyMap = (KeyMapRecord | undefined)[];

const VERSION = 1;
const RECORD_LENGTH = 12;
const STATE_PRESENT = 1;
const USAGE_SIGN_AND_DECRYPT = 0x9a;
const USAGE_SIGN = 0x9c;
const KEY_FILE = 0xb0;

/**
 * @throws VirtualSmartCardError `ERR_CARD_RESPONSE` when the bytes are not a keymap
 */
export function decodeKeyMap(bytes: Uint8Array): KeyMap {
  if (bytes.length === 0) return [];
  if (bytes[0] !== VERSION || (bytes.length - 1) % RECORD_LENGTH !== 0) {
    throw cardResponseError(`its keymap of ${bytes.length} bytes is damaged`);
  }
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const map: KeyMap = [];
  for (let offset = 1; offset < view.length; offset += RECORD_LENGTH) {
    const present = view.readUInt32LE(offset) === STATE_PRESENT;
    map.push(
      present
        ? {
            algorithm: view.readUInt8(offset + 4) & 0x0f,
            usage: view.readUInt8(offset + 5) === USAGE_SIGN ? 'sign' : 'signAndDecrypt',
            keyReference: view.readUInt8(offset + 6),
          }
        : undefined,
    );
  }
  return map;
}

/**
 * The keymap's bytes with one container's record put in its place, or with `undefined` taken out.
 * The other records keep every bit, whoever wrote them.
 */
export function withKey(
  bytes: Uint8Array,
  index: number,
  record: KeyMapRecord | undefined,
): Buffer {
  const offset = 1 + index * RECORD_LENGTH;
  const changed = Buffer.alloc(Math.max(bytes.length, offset + RECORD_LENGTH));
  changed.set(bytes);
  changed[0] = VERSION;
  changed.fill(0, offset, offset + RECORD_LENGTH);
  if (!record) return withoutEmptyEnd(changed, 1, RECORD_LENGTH);
  changed.writeUInt32LE(STATE_PRESENT, offset);
  changed[offset + 4] = record.algorithm;
  changed[offset + 5] = record.usage === 'sign' ? USAGE_SIGN : USAGE_SIGN_AND_DECRYPT;
  changed[offset + 6] = record.keyReference;
  changed[offset + 7] = KEY_FILE;
  changed.writeUInt16LE(0xffff, offset + 8);
  return changed;
}
