import { readFile, rm } from 'node:fs/promises';
import { VirtualSmartCardError } from '../../errors.js';
import { removeFileDurably, syncDirectory, writeFileAtomic } from './atomic-file.js';
import { CardFile } from './card-file.js';
import { undefineIfOurs } from './nv-indexes.js';
import type { StateDirectory } from './state-directory.js';
import { isMissingFile, stateError } from './state-error.js';
import type { StoreContext } from './store-context.js';

/**
 * An intent is written before a card's NV indices change: the handles of all that the change makes
 * or removes. Which of them stay is told by the card's file alone, whose replacement is the moment
 * of change; so one rule settles a success, a failure and a kill.
 *
 * @returns the handles now in the intent
 */
export async function writeIntent(
  directory: StateDirectory,
  instance: number,
  indexes: readonly number[],
): Promise<number[]> {
  const path = directory.intent(instance);
  // One that could not be settled before is taken along.
  const intended = [...new Set([...((await readIntent(path)) ?? []), ...indexes])];
  await writeFileAtomic(path, JSON.stringify(intended));
  return intended;
}

/** Removes those of the intent's indices that are not kept, then the intent. */
export async function settleIntent(
  { tpm, directory }: StoreContext,
  instance: number,
  intended: readonly number[],
  kept: readonly number[],
): Promise<void> {
  const leftover = intended.filter((index) => !kept.includes(index));
  await Promise.all(leftover.map((index) => undefineIfOurs(tpm, index)));
  // Need not be durable: an intent that comes back is settled again, with nothing left to do.
  await rm(directory.intent(instance), { force: true });
}

/** Settles an intent that a killed process left behind; without one, nothing happens. */
export async function recoverIntent(context: StoreContext, instance: number): Promise<void> {
  const intended = await readIntent(context.directory.intent(instance));
  if (!intended) return;
  const { directory } = context;
  // The card's file may be new, and not yet safe from a power cut. The old one, if it came back,
  // would need the indices that go now.
  await syncDirectory(directory.cards);
  await settleIntent(context, instance, intended, await namedIndexes(directory, instance));
}

/** Takes back the making of a card that failed, at whatever point. */
export async function takeBackCreation(context: StoreContext, instance: number): Promise<void> {
  await rm(context.directory.card(instance), { force: true });
  await recoverIntent(context, instance);
}

/** Removes a card's file and all its indices; from the file's removal on the card does not exist. */
export async function eraseCard(
  context: StoreContext,
  instance: number,
  indexes: readonly number[],
): Promise<void> {
  const intended = await writeIntent(context.directory, instance, indexes);
  await removeFileDurably(context.directory.card(instance));
  await settleIntent(context, instance, intended, []);
}

/** Indices that the card's file names; none without a file. */
export async function namedIndexes(directory: StateDirectory, instance: number): Promise<number[]> {
  try {
    return (await CardFile.read(directory.card(instance))).header.nvIndexes;
  } catch (error) {
    if (error instanceof VirtualSmartCardError && isMissingFile(error.cause)) return [];
    throw error;
  }
}

async function readIntent(path: string): Promise<number[] | undefined> {
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
