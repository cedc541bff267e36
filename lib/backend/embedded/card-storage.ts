import { randomBytes } from 'node:crypto';
import { VirtualSmartCardError } from '../../errors.js';
import { wipe } from '../../secret.js';
import { isTpmCode } from '../../tpm/error.js';
import type { Tpm } from '../../tpm/tpm.js';
import { allSettled } from './all-settled.js';
import {
  CardFile,
  type CardFileHeader,
  deriveFileKey,
  encodeWrapped,
  writeCardFile,
} from './card-file.js';
import type { CardRecord } from './card-record.js';
import { recoverIntent, settleIntent, takeBackCreation, writeIntent } from './intent.js';
import { defineIndex, FILE_SECRET_INDEX, freeIndexes } from './nv-indexes.js';
import type { StoreContext } from './store-context.js';

/** Length of each half of a file key. */
const HALF_LENGTH = 32;

const TPM_RC_INTEGRITY = 0x09f;
const TPM_RC_HANDLE = 0x08b;

/** Handles for a change's new indices, and when they may be defined. */
export interface NewIndexes {
  handles: readonly number[];
  /** Resolves once the intent is on the disk; no index may be defined before. */
  ready: Promise<void>;
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
   * `ERR_STATE_CORRUPT`, `ERR_STATE_IO`
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
   * @param indexCount - how many indices `make` needs
   * @param beforeCommit - called right before the file appears; what it throws undoes everything
   */
  static async create(
    context: StoreContext,
    instance: number,
    plan: { name: string; indexCount: number; make: RecordMaker; beforeCommit: () => void },
  ): Promise<CardStorage> {
    const { tpm } = context;
    const sealedHalf = randomBytes(HALF_LENGTH);
    const content = await commit(context, instance, [], plan.indexCount, async (indexes) => {
      const record = plan.make(indexes);
      const sealed = await allSettled(tpm.seal({ data: sealedHalf }), record);
      plan.beforeCommit();
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
    });
    return new CardStorage(context, instance, { ...content, sealedHalf });
  }

  /**
   * Replaces the record; durable when it resolves. When it rejects, the storage is what the disk
   * holds then: the old state, in all but a failure of the very last step.
   */
  async save(record: CardRecord): Promise<void> {
    const path = this.#context.directory.card(this.instance);
    try {
      await writeCardFile(path, this.#header, this.#fileKey, record);
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
    const old = this.#header;
    const sealedHalf = this.#sealedHalf;
    try {
      const made = async (indexes: NewIndexes) => ({
        sealedHalf,
        record: await make(indexes),
        header: old,
      });
      this.#adopt(await commit(this.#context, this.instance, old.nvIndexes, indexCount, made));
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

type HeaderBase = Omit<CardFileHeader, 'fileSecretIndex' | 'nvIndexes'>;

interface Committed {
  header: CardFileHeader;
  record: CardRecord;
  fileKey: Buffer;
}

/**
 * Writes a card file over new indices. The intent comes first, so that whatever happens from there
 * on, the indices that the file on disk does not name are found and removed.
 */
async function commit(
  context: StoreContext,
  instance: number,
  oldIndexes: readonly number[],
  indexCount: number,
  make: (
    indexes: NewIndexes,
  ) => Promise<{ header: HeaderBase; record: CardRecord; sealedHalf: Buffer }>,
): Promise<Committed> {
  const { tpm, directory } = context;
  const [fileSecretIndex = 0, ...handles] = await freeIndexes(tpm, 1 + indexCount);
  const intent = writeIntent(directory, instance, [...oldIndexes, fileSecretIndex, ...handles]);
  const ready = intent.then(() => undefined);
  const fileSecret = randomBytes(HALF_LENGTH);
  try {
    const made = await allSettled(
      make({ handles, ready }),
      ready.then(() => defineIndex(tpm, fileSecretIndex, FILE_SECRET_INDEX, { value: fileSecret })),
    );
    const fileKey = deriveFileKey(made.sealedHalf, fileSecret);
    const nvIndexes = [fileSecretIndex, ...credentialIndexes(made.record)];
    const header: CardFileHeader = { ...made.header, fileSecretIndex, nvIndexes };
    await writeCardFile(directory.card(instance), header, fileKey, made.record);
    await settleLater(settleIntent(context, instance, await intent, nvIndexes));
    return { header, record: made.record, fileKey };
  } catch (error) {
    const isCreation = oldIndexes.length === 0;
    await settleLater((isCreation ? takeBackCreation : recoverIntent)(context, instance));
    throw error;
  } finally {
    wipe(fileSecret);
  }
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
