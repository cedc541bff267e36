import { describeType, invalidArgument } from '../errors.js';
import { encodeCacheFile } from './cache-file.js';
import type { CardState, ElementaryFile } from './card-state.js';
import { FileId, ObjectTag } from './file-ids.js';
import { encodeMasterfile, GENERATED_MASTERFILE } from './masterfile.js';

/** Access mode byte: the conditions for PUT DATA and GET DATA follow, in this order. */
const WRITE_AND_READ = 0x03;
/** Security conditions (ISO/IEC 7816-4, 5.4.3, compact): no condition, admin key, PIN, never. */
const ALWAYS = 0x00;
const ADMIN = 0x20;
const USER = 0x30;
const NEVER = 0xff;

/** The elementary files of Microsoft's generic profile with their conditions to write and to read. */
const ELEMENTARY_FILES: readonly (readonly [fileId: number, write: number, read: number])[] = [
  [FileId.DIRECTORY, USER, ALWAYS],
  [FileId.EVERYONE_READS_USER_WRITES, USER, ALWAYS],
  [FileId.USER_WRITES, USER, NEVER],
  [FileId.EVERYONE_READS_ADMIN_WRITES, ADMIN, ALWAYS],
  [FileId.USER_READS_WRITES, USER, USER],
  [FileId.ADMIN_READS_WRITES, ADMIN, ADMIN],
];

/** \cardapps: the one application whose directory the card has. */
const CARDAPPS = Buffer.from('mscp\0\0\0\0', 'latin1');

/**
 * The files of a card just generated, activated: what Windows puts on a virtual smart card created
 * with `/generate` ("Windows Inbox Smart Card Minidriver", data objects after the file system is
 * created). There is no container yet, and so no keymap.
 *
 * @param cardId - the card's 16-byte identifier, random
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 */
export function generateFileSystem(cardId: Uint8Array): CardState {
  if (!(cardId instanceof Uint8Array) || cardId.length !== 16) {
    throw invalidArgument('cardId', '16 bytes', describeType(cardId));
  }
  const files = new Map<number, ElementaryFile>();
  for (const [fileId, write, read] of ELEMENTARY_FILES) {
    const accessRules = Uint8Array.of(WRITE_AND_READ, write, read);
    files.set(fileId, { accessRules, activated: true, objects: new Map() });
  }
  const put = (fileId: number, tag: number, content: Uint8Array) =>
    files.get(fileId)?.objects.set(tag, Uint8Array.from(content));
  const noChangesYet = {
    version: 0,
    pinsFreshness: 0,
    containersFreshness: 0,
    filesFreshness: 0,
  };
  put(FileId.DIRECTORY, ObjectTag.MASTERFILE, encodeMasterfile(GENERATED_MASTERFILE));
  put(FileId.EVERYONE_READS_ADMIN_WRITES, ObjectTag.CARDID, cardId);
  put(FileId.EVERYONE_READS_USER_WRITES, ObjectTag.CARDAPPS, CARDAPPS);
  put(FileId.EVERYONE_READS_USER_WRITES, ObjectTag.CARDCF, encodeCacheFile(noChangesYet));
  put(FileId.EVERYONE_READS_USER_WRITES, ObjectTag.CMAPFILE, new Uint8Array(0));
  return { activated: true, files, keys: new Map() };
}
