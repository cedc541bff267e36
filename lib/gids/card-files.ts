import { VirtualSmartCardError } from '../errors.js';
import { attempt } from './attempt.js';
import { advance, type Change, decodeCacheFile, encodeCacheFile } from './cache-file.js';
import { type GidsClient, readObjectCommand } from './client.js';
import { FileId, ObjectTag } from './file-ids.js';
import {
  decodeMasterfile,
  encodeMasterfile,
  findFile,
  freeObject,
  type MasterfileRecord,
  MSCP,
} from './masterfile.js';

const EMPTY = new Uint8Array(0);
const USER_FILE = FileId.EVERYONE_READS_USER_WRITES;
const READ_COUNTERS = readObjectCommand(USER_FILE, ObjectTag.CARDCF);
const NEW_CACHE_FILE = {
  version: 0,
  pinsFreshness: 0,
  containersFreshness: 0,
  filesFreshness: 0,
};

/** The files of a card's file system that tell where everything is, by name. */
export class CardFiles {
  readonly #client: GidsClient;

  constructor(client: GidsClient) {
    this.#client = client;
  }

  /** \cardcf as it is: other bytes than before mean that the card was changed. */
  readCounters(): Promise<Buffer | undefined> {
    return this.#client.readObject(USER_FILE, ObjectTag.CARDCF, READ_COUNTERS);
  }

  /** Tells the other hosts that the card was changed. */
  async advanceCounters(change: Change): Promise<void> {
    const bytes = await this.readCounters();
    const counters = bytes?.length ? decodeCacheFile(bytes) : NEW_CACHE_FILE;
    const advanced = encodeCacheFile(advance(counters, change));
    await this.#client.writeObject(USER_FILE, ObjectTag.CARDCF, advanced);
  }

  /**
   * mscp\cmapfile. Some cards keep no file that is empty; then the masterfile tells that they were set
   * up.
   *
   * @throws VirtualSmartCardError `ERR_CARD_NOT_INITIALIZED`
   */
  async readContainerMap(): Promise<Buffer> {
    const map = await this.#client.readObject(USER_FILE, ObjectTag.CMAPFILE);
    if (map) return map;
    await this.readMasterfile();
    return Buffer.alloc(0);
  }

  async writeContainerMap(map: Uint8Array): Promise<void> {
    await this.#client.writeObject(USER_FILE, ObjectTag.CMAPFILE, map);
  }

  /** The keymap; empty before the first key. */
  async readKeyMap(): Promise<Buffer> {
    const map = await this.#client.readObject(FileId.DIRECTORY, ObjectTag.KEYMAP);
    return map ?? Buffer.alloc(0);
  }

  async writeKeyMap(map: Uint8Array): Promise<void> {
    await this.#client.writeObject(FileId.DIRECTORY, ObjectTag.KEYMAP, map);
  }

  /** @throws VirtualSmartCardError `ERR_CARD_NOT_INITIALIZED` */
  async readMasterfile(): Promise<MasterfileRecord[]> {
    const masterfile = await this.#client.readObject(FileId.DIRECTORY, ObjectTag.MASTERFILE);
    if (!masterfile) throw notInitialized();
    return decodeMasterfile(masterfile);
  }

  async writeMasterfile(records: readonly MasterfileRecord[]): Promise<void> {
    const masterfile = encodeMasterfile(records);
    await this.#client.writeObject(FileId.DIRECTORY, ObjectTag.MASTERFILE, masterfile);
  }

  /** A file's content; undefined when it is empty, which is what deleting leaves of one. */
  async readFile(record: MasterfileRecord): Promise<Buffer | undefined> {
    const content = await this.#client.readObject(record.fileId, record.objectTag);
    return content?.length ? content : undefined;
  }

  async writeFile(record: MasterfileRecord, content: Uint8Array): Promise<void> {
    await this.#client.writeObject(record.fileId, record.objectTag, content);
  }

  /**
   * Writes a file of directory mscp, new or in place of the one there, all or nothing.
   *
   * A file is a data object and a record of the masterfile that names it. A kill between the writes
   * must leave the card sound, so the record, by which everyone finds the file, decides: the object
   * is written first and the record then. An object without a record is nobody's, and the next file
   * takes it. Replacing is one write of the object.
   */
  async storeFile(name: string, content: Uint8Array): Promise<void> {
    const records = await this.readMasterfile();
    const existing = findFile(records, MSCP, name);
    await attempt(async (undo) => {
      if (existing) {
        const old = (await this.readFile(existing)) ?? EMPTY;
        undo(() => this.writeFile(existing, old));
        await this.writeFile(existing, content);
      } else {
        const record = newRecord(records, name);
        undo(() => this.writeFile(record, EMPTY));
        await this.writeFile(record, content);
        undo(() => this.writeMasterfile(records));
        await this.writeMasterfile([...records, record]);
      }
      await this.advanceCounters('files');
    });
  }
}

function notInitialized(): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_CARD_NOT_INITIALIZED',
    'The card has no file system. Create it with `generate`, or let a card management system set it up.',
  );
}

function newRecord(records: readonly MasterfileRecord[], file: string): MasterfileRecord {
  const objectTag = freeObject(records);
  if (objectTag === undefined) {
    const message = 'The card has no place for another certificate. Delete one first.';
    throw new VirtualSmartCardError('ERR_STATE_IO', message);
  }
  return { directory: MSCP, file, objectTag, fileId: USER_FILE };
}
