import { readFile, rm } from 'node:fs/promises';
import { VirtualSmartCardError } from '../../errors.js';
import { removeFileDurably, syncDirectory, writeFileAtomic } from './atomic-file.js';
import { CardFile } from './card-file.js';
import { undefineIfOurs } from './nv-indexes.js';
import { isMissingFile, stateError } from './state-error.js';
import { isOurs, type StoreContext } from './store-context.js';

/**
 * What a change of a card's NV indices is about to do: the handles of all that it makes or removes,
 * written down before it begins. Which of them stay is told by the card's file alone, whose
 * replacement is the moment of change; so one rule settles a success, a failure and a kill.
 *
 * On a TPM of our own nothing needs to be written: there an index that no card's file names is
 * nobody's, and the next open removes it.
 */
export class Intent {
  readonly #context: StoreContext;
  readonly #instance: number;
  readonly #indexes: readonly number[];

  private constructor(context: StoreContext, instance: number, indexes: readonly number[]) {
    this.#context = context;
    this.#instance = instance;
    this.#indexes = indexes;
  }

  /** Once it resolves, the indices may be defined and undefined. */
  static async write(
    context: StoreContext,
    instance: number,
    indexes: readonly number[],
  ): Promise<Intent> {
    if (isOurs(context.tpm)) return new Intent(context, instance, indexes);
    const path = context.directory.intent(instance);
    // One that could not be settled before is taken along.
    const all = [...new Set([...((await readIndexes(path)) ?? []), ...indexes])];
    await writeFileAtomic(path, JSON.stringify(all));
    return new Intent(context, instance, all);
  }

  /** The intent that a killed process left behind. */
  static async read(context: StoreContext, instance: number): Promise<Intent | undefined> {
    const indexes = await readIndexes(context.directory.intent(instance));
    return indexes && new Intent(context, instance, indexes);
  }

  /** Removes the indices that are not kept, then the intent. */
  async settle(kept: readonly number[]): Promise<void> {
    const { tpm, directory } = this.#context;
    const leftover = this.#indexes.filter((index) => !kept.includes(index));
    await Promise.all(leftover.map((index) => undefineIfOurs(tpm, index)));
    if (isOurs(tpm)) return;
    // Need not be durable: an intent that comes back is settled again, with nothing left to do.
    await rm(directory.intent(this.#instance), { force: true });
  }

  /** The same, by the card's file as it is on the disk now. */
  async settleByFile(): Promise<void> {
    // The file may be new, and not yet safe from a power cut. The old one, if it came back, would
    // need the indices that go now.
    await syncDirectory(this.#context.directory.cards);
    await this.settle(await namedIndexes(this.#context, this.#instance));
  }
}

/** Removes a card's file and all its indices; from the file's removal on the card does not exist. */
export async function eraseCard(
  context: StoreContext,
  instance: number,
  indexes: readonly number[],
): Promise<void> {
  const intent = await Intent.write(context, instance, indexes);
  await removeFileDurably(context.directory.card(instance));
  await intent.settle([]);
}

/** Indices that the card's file names; none without a file. */
async function namedIndexes({ directory }: StoreContext, instance: number): Promise<number[]> {
  try {
    return (await CardFile.read(directory.card(instance))).header.nvIndexes;
  } catch (error) {
    if (error instanceof VirtualSmartCardError && isMissingFile(error.cause)) return [];
    throw error;
  }
}

async function readIndexes(path: string): Promise<number[] | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isMissingFile(error)) return undefined;
    throw stateError(error, 'read', path);
  }
  try {
    const parsed: unknown = JSON.parse(text);
    if (Array.isArray(parsed) && parsed.every(Number.isInteger)) return parsed as number[];
  } catch {
    // Not JSON: damaged, as below.
  }
  throw new VirtualSmartCardError('ERR_STATE_CORRUPT', `The file ${path} is damaged.`);
}
