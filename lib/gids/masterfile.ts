import { FIRST_FREE_OBJECT, FileId, LAST_FREE_OBJECT, ObjectTag } from './file-ids.js';
import { cardResponseError } from './status-error.js';

/** The directory that holds the container map and the certificates. */
export const MSCP = 'mscp';

/** One record of the masterfile: a file, or with an empty `file` a directory. */
export interface MasterfileRecord {
  /** Up to 8 ASCII characters; empty for the root. */
  directory: string;
  /** Up to 8 ASCII characters. */
  file: string;
  /** The data object with the file's content; 0 for a directory. */
  objectTag: number;
  /** The elementary file that holds the object; for a directory its own. */
  fileId: number;
}

const VERSION = 1;
const RECORD_LENGTH = 28;
const NAME_LENGTH = 9;
const OBJECT_OFFSET = 2 * NAME_LENGTH + 2;

/** The masterfile of a card just generated ("Windows Inbox Smart Card Minidriver", data objects). */
export const GENERATED_MASTERFILE: readonly MasterfileRecord[] = [
  { directory: MSCP, file: '', objectTag: 0, fileId: FileId.DIRECTORY },
  record('', 'cardid', ObjectTag.CARDID, FileId.EVERYONE_READS_ADMIN_WRITES),
  record('', 'cardapps', ObjectTag.CARDAPPS, FileId.EVERYONE_READS_USER_WRITES),
  record('', 'cardcf', ObjectTag.CARDCF, FileId.EVERYONE_READS_USER_WRITES),
  record(MSCP, 'cmapfile', ObjectTag.CMAPFILE, FileId.EVERYONE_READS_USER_WRITES),
];

/** A000/DF1F: a version byte, then 28 bytes for each record. */
export function encodeMasterfile(records: readonly MasterfileRecord[]): Buffer {
  const bytes = Buffer.alloc(1 + records.length * RECORD_LENGTH);
  bytes[0] = VERSION;
  for (const [position, { directory, file, objectTag, fileId }] of records.entries()) {
    const offset = 1 + position * RECORD_LENGTH;
    writeName(bytes, offset, directory);
    writeName(bytes, offset + NAME_LENGTH, file);
    bytes.writeUInt32LE(objectTag, offset + OBJECT_OFFSET);
    bytes.writeUInt32LE(fileId, offset + OBJECT_OFFSET + 4);
  }
  return bytes;
}

/**
 * @throws VirtualSmartCardError `ERR_CARD_RESPONSE` when the bytes are not a masterfile
 */
export function decodeMasterfile(bytes: Uint8Array): MasterfileRecord[] {
  if (bytes[0] !== VERSION || (bytes.length - 1) % RECORD_LENGTH !== 0) {
    throw cardResponseError(`its masterfile of ${bytes.length} bytes is damaged`);
  }
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const records: MasterfileRecord[] = [];
  for (let offset = 1; offset < view.length; offset += RECORD_LENGTH) {
    records.push({
      directory: readName(view, offset),
      file: readName(view, offset + NAME_LENGTH),
      objectTag: view.readUInt32LE(offset + OBJECT_OFFSET),
      fileId: view.readUInt32LE(offset + OBJECT_OFFSET + 4),
    });
  }
  return records;
}

/** The record of a file; names compare without case, as Windows compares them. */
export function findFile(
  records: readonly MasterfileRecord[],
  directory: string,
  file: string,
): MasterfileRecord | undefined {
  const wanted = `${directory}/${file}`.toLowerCase();
  return records.find((each) => `${each.directory}/${each.file}`.toLowerCase() === wanted);
}

/** A data object of A010 that no file has; undefined when all are taken. */
export function freeObject(records: readonly MasterfileRecord[]): number | undefined {
  const taken = new Set(records.map(({ objectTag }) => objectTag));
  for (let tag = FIRST_FREE_OBJECT; tag <= LAST_FREE_OBJECT; tag++) {
    if (!taken.has(tag)) return tag;
  }
  return undefined;
}

function record(
  directory: string,
  file: string,
  objectTag: number,
  fileId: number,
): MasterfileRecord {
  return { directory, file, objectTag, fileId };
}

function writeName(bytes: Buffer, offset: number, name: string): void {
  if (name.length > NAME_LENGTH) throw new RangeError(`the file name ${name} is too long`);
  bytes.write(name, offset, 'latin1');
}

function readName(bytes: Buffer, offset: number): string {
  const name = bytes.toString('latin1', offset, offset + NAME_LENGTH);
  const end = name.indexOf('\0');
  return end < 0 ? name : name.slice(0, end);
}
