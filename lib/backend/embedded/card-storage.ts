import { rm } from 'node:fs/promises';
import { VirtualSmartCardError } from '../../errors.js';
import { randomSecret, wipe } from '../../secret.js';
import { isTpmCode } from '../../tpm/error.js';
import type { Tpm } from '../../tpm/tpm.js';
import { allSettled } from './all-settled.js';
import type { PreparedFile } from './atomic-file.js';
import {
  CardFile,
  type CardFileHeader,
  deriveFileKey,
  encodeWrapped,
  prepareCardFile,
} from './card-file.js';
import type { CardRecord } from './card-record.js';
import { Intent } from './intent.js';
import { defineFileSecret, FILE_SECRET_INDEX, freeIndexes } from './nv-indexes.js';
import type { StoreContext } from './store-context.js';

/** Length of each half of a file key. */
const HALF_LENGTH = 32;

const TPM_RC_INTEGRITY = 0x09f;
const TPM_RC_HANDLE = 0x08b;
const TPM_RC_NV_UNINITIALIZED = 0x14a;

/** A kill ended the making of the card; nobody was told that it exists. */
export class UnfinishedCard extends Error {}

/** Handles for a change's new indices, and how they are defined. */
export interface NewIndexes {
  handles: readonly number[];
  /** Begins work that defines one, as soon as that is allowed; the change waits for its end. */
  define(work: () => Promise<void>): void;
}

/** Makes a record whose credentials stand on the new indices. */
type RecordMaker = (indexes: NewIndexes) => Promise<CardRecord>;

/**
 * One card's file and the NV indices it names; the only place that changes either. Two kinds of
 * change exist: `save` replaces the record under the same indices, `renew` moves to new indices, so
 * that every older copy of the file is worthless from then on.
 */
export class CardStorage {
  readonly #context: StoreContext;
  readonly instance: number;
  #header: CardFileHeader;
  #record: CardRecord;
  /** Half of the file key that the TPM sealed. */
  readonly #sealedHalf: Buffer;
  #fileKey: Buffer;

  private constructor(
    context: StoreContext,
    instance: number,
    content: { header: CardFileHeader; record: CardRecord; sealedHalf: Buffer; fileKey: Buffer },
  ) {
    this.#context = context;
    this.instance = instance;
    this.#header = content.header;
    this.#record = content.record;
    this.#sealedHalf = content.sealedHalf;
    this.#fileKey = content.fileKey;
  }

  get header(): CardFileHeader {
    return this.#header;
  }

  get record(): CardRecord {
    return this.#record;
  }

  /**
   * Reads a card.
   *
   * @throws VirtualSmartCardError `ERR_CARD_LOST` when the TPM no longer opens the file,
   * `ERR_STATE_CORRUPT`, `ERR_STATE_IO`; UnfinishedCard
   */
  static async load(context: StoreContext, instance: number): Promise<CardStorage> {
    const { tpm, directory } = context;
    const file = await CardFile.read(directory.card(instance));
    const { header } = file;
    if (header.storageParent !== tpm.storageParentName.toString('hex')) throw otherTpm(header.name);
    const sealedHalf = await openHalf(tpm, file);
    const fileSecret = await readFileSecret(tpm, header);
    const fileKey = deriveFileKey(sealedHalf, fileSecret);
    wipe(fileSecret);
    const record = file.decrypt(fileKey);
    return new CardStorage(context, instance, { header, record, sealedHalf, fileKey });
  }

  /**
   * Makes a card's file and indices, all or nothing.
   *
   * @param plan - `indexCount`: how many indices `make` needs; `begin`: begins work that needs no
   *   index; `beforeCommit`: called right before
   *   the file appears, what it throws undoes everything; `duringCommit`: begins work that nothing
   *   needs to wait for
   */
  static async create(
    context: StoreContext,
    instance: number,
    plan: {
      name: string;
      indexCount: number;
      begin: () => void;
      make: RecordMaker;
      beforeCommit: () => void;
      duringCommit: () => void;
    },
  ): Promise<CardStorage> {
    const { tpm } = context;
    const sealedHalf = randomSecret(HALF_LENGTH);
    // Asked for first, so that what depends on them is made while the TPM seals the rest.
    const handles = freeIndexes(tpm, 1 + plan.indexCount);
    const sealing = tpm.seal({ data: sealedHalf });
    plan.begin();
    sealing.catch(() => {
      // Handled where it is awaited, unless something else fails before that.
    });
    const make = async (indexes: NewIndexes): Promise<Draft> => {
      const record = plan.make(indexes);
      const sealed = await allSettled(sealing, record);
      return {
        sealedHalf,
        record: await record,
        header: {
          format: 'virtual-smartcard card',
          version: 1,
          name: plan.name,
          storageParent: tpm.storageParentName.toString('hex'),
          sealedFileKey: encodeWrapped(sealed),
        },
      };
    };
    const change = { ...plan, handles, oldIndexes: [], make };
    const content = await commit(context, instance, change);
    return new CardStorage(context, instance, { ...content, sealedHalf });
  }

  /**
   * Replaces the record; durable when it resolves. When it rejects, the storage is what the disk
   * holds then: the old state, in all but a failure of the very last step.
   */
  async save(record: CardRecord): Promise<void> {
    const path = this.#context.directory.card(this.instance);
    try {
      await (await prepareCardFile(path, this.#header, this.#fileKey, record)).replace();
    } catch (error) {
      await this.#adoptDisk();
      throw error;
    }
    this.#record = record;
  }

  /**
   * Replaces the record, the file secret and whatever indices `make` takes, by one file replacement.
   * Resolves and rejects as `save` does.
   */
  async renew(indexCount: number, make: RecordMaker): Promise<void> {
    const header = this.#header;
    const sealedHalf = this.#sealedHalf;
    const draft = async (indexes: NewIndexes): Promise<Draft> => ({
      sealedHalf,
      record: await make(indexes),
      header,
    });
    try {
      const handles = freeIndexes(this.#context.tpm, 1 + indexCount);
      const change = { handles, oldIndexes: header.nvIndexes, make: draft };
      this.#adopt(await commit(this.#context, this.instance, change));
    } catch (error) {
      await this.#adoptDisk();
      throw error;
    }
  }

  /** @throws VirtualSmartCardError `ERR_CARD_LOST` when the TPM no longer holds the card's secret */
  async requirePresent(): Promise<void> {
    if (!(await this.#context.tpm.nvReadPublic(this.#header.fileSecretIndex))) {
      throw secretGone(this.#header.name);
    }
  }

  /** Forgets what decrypts the file. */
  close(): void {
    wipe(this.#sealedHalf, this.#fileKey);
  }

  /** After a failure, whose error says why where not even the disk can be read. */
  async #adoptDisk(): Promise<void> {
    const onDisk = await CardStorage.load(this.#context, this.instance).catch(() => undefined);
    if (!onDisk) return;
    this.#adopt(onDisk);
    wipe(onDisk.#sealedHalf);
  }

  #adopt(content: Committed | CardStorage): void {
    const fileKey = content instanceof CardStorage ? content.#fileKey : content.fileKey;
    wipe(this.#fileKey);
    this.#fileKey = fileKey;
    this.#header = content.header;
    this.#record = content.record;
  }
}

/** What a card's file will hold, before its file secret is known. */
interface Draft {
  header: Omit<CardFileHeader, 'fileSecretIndex' | 'nvIndexes'>;
  record: CardRecord;
  sealedHalf: Buffer;
}

interface Change {
  /** Indices of the card's present file; none for a card that is being made. */
  oldIndexes: readonly number[];
  /** For the new file secret, and as many more as `make` takes. */
  handles: Promise<number[]>;
  make: (indexes: NewIndexes) => Promise<Draft>;
  beforeCommit?: () => void;
  duringCommit?: () => void;
}

interface Committed {
  header: CardFileHeader;
  record: CardRecord;
  fileKey: Buffer;
}

/**
 * Writes a card file over new indices. The intent comes first, so that whatever happens from there
 * on, the indices that the file on disk does not name are found and removed. The file is written
 * while the TPM defines the indices, and put in place when both are done. A card that is being made
 * is not one before its file secret is written too, which happens at the same time: a file whose
 * secret is defined but not written is what a kill left of such a card.
 */
async function commit(context: StoreContext, instance: number, change: Change): Promise<Committed> {
  const { tpm, directory } = context;
  const { oldIndexes, make, beforeCommit, duringCommit } = change;
  const [fileSecretIndex = 0, ...handles] = await change.handles;
  const intent = Intent.write(context, instance, [...oldIndexes, fileSecretIndex, ...handles]);
  const definitions: Promise<void>[] = [];
  const define = (work: () => Promise<void>) => void definitions.push(intent.then(work));
  const fileSecret = randomSecret(HALF_LENGTH);
  const writeSecret = () => tpm.nvWrite(fileSecretIndex, fileSecret);
  const isCreation = oldIndexes.length === 0;
  let preparing: Promise<{ file: PreparedFile; committed: Committed }> | undefined;
  try {
    const making = make({ handles, define });
    define(async () => {
      await defineFileSecret(tpm, fileSecretIndex);
      if (!isCreation) await writeSecret();
    });
    preparing = making.then(async (draft) => {
      const fileKey = deriveFileKey(draft.sealedHalf, fileSecret);
      const nvIndexes = [fileSecretIndex, ...credentialIndexes(draft.record)];
      const header: CardFileHeader = { ...draft.header, fileSecretIndex, nvIndexes };
      const path = directory.card(instance);
      const file = await prepareCardFile(path, header, fileKey, draft.record);
      return { file, committed: { header, record: draft.record, fileKey } };
    });
    const { file, committed } = await allSettled(preparing, ...definitions);
    beforeCommit?.();
    const finishing = isCreation ? allSettled(writeSecret(), file.replace()) : file.replace();
    duringCommit?.();
    await finishing;
    await settleLater((await intent).settle(committed.header.nvIndexes));
    return committed;
  } catch (error) {
    await preparing?.then(
      ({ file }) => file.discard(),
      () => undefined,
    );
    await settleLater(takeBack(context, instance, intent, isCreation));
    throw error;
  } finally {
    wipe(fileSecret);
  }
}

/** After a failure: what is on the disk tells which indices stay. A card being made goes altogether. */
async function takeBack(
  { directory }: StoreContext,
  instance: number,
  intent: Promise<Intent>,
  isCreation: boolean,
): Promise<void> {
  if (isCreation) await rm(directory.card(instance), { force: true });
  await (await intent).settleByFile();
}

/** The change itself is decided; an intent that cannot be settled now waits for the next open. */
async function settleLater(settling: Promise<void>): Promise<void> {
  await settling.catch(() => undefined);
}

function credentialIndexes({ pin, puk }: CardRecord): number[] {
  return [pin.index, puk?.index].filter((index) => index !== undefined);
}

async function openHalf(tpm: Tpm, file: CardFile): Promise<Buffer> {
  try {
    return await tpm.unseal(file.sealedFileKey);
  } catch (error) {
    if (isTpmCode(error, TPM_RC_INTEGRITY)) throw otherTpm(file.header.name, error);
    throw error;
  }
}

async function readFileSecret(tpm: Tpm, header: CardFileHeader): Promise<Buffer> {
  try {
    return await tpm.nvRead(header.fileSecretIndex, FILE_SECRET_INDEX.dataSize);
  } catch (error) {
    if (isTpmCode(error, TPM_RC_NV_UNINITIALIZED)) throw new UnfinishedCard();
    if (!isTpmCode(error, TPM_RC_HANDLE)) throw error;
    throw secretGone(header.name, error);
  }
}

function secretGone(name: string, cause?: unknown): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_CARD_LOST',
    `The card "${name}" is gone for good: its secret is no longer in the TPM. The TPM was cleared, ` +
      'or this is an older copy of the card’s file. Destroy the card and make a new one.',
    { cause },
  );
}

function otherTpm(name: string, cause?: unknown): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_CARD_LOST',
    `The card "${name}" is gone for good: it was made on another TPM, or this TPM was cleared since. ` +
      'Destroy the card and make a new one.',
    { cause },
  );
}
