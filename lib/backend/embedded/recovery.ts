import { rm } from 'node:fs/promises';
import { VirtualSmartCardError } from '../../errors.js';
import { syncDirectory } from './atomic-file.js';
import { CardFile, type CardFileHeader } from './card-file.js';
import { UnfinishedCard } from './card-storage.js';
import { EmbeddedCard } from './embedded-card.js';
import { eraseCard, Intent } from './intent.js';
import type { LostCard } from './lost-card.js';
import { isInOurRange, undefineIfOurs } from './nv-indexes.js';
import type { StateDirectory } from './state-directory.js';
import { isMissingFile } from './state-error.js';
import { isOurs, type StoreContext } from './store-context.js';

/** Makes good what a killed process left behind, then loads the store's cards by instance number. */
export async function recoverCards(
  context: StoreContext,
): Promise<Map<number, EmbeddedCard | LostCard>> {
  const { directory } = context;
  for (const path of await directory.leftovers()) await rm(path, { force: true });
  for (const instance of await directory.instances('intent')) {
    await (await Intent.read(context, instance))?.settleByFile();
  }
  const cards = await loadCards(context, true);
  const working = [...cards.values()].filter((card) => card instanceof EmbeddedCard);
  // A lost card may be an older copy, put back by mistake, of one whose indices these are.
  if (isOurs(context.tpm) && working.length === cards.size) {
    await removeStrayIndexes(context, working);
  }
  return cards;
}

/** Loads the store's cards and leaves everything as it is; an unfinished card is left out. */
export function inspectCards(context: StoreContext): Promise<Map<number, EmbeddedCard | LostCard>> {
  return loadCards(context, false);
}

async function loadCards(
  context: StoreContext,
  repairs: boolean,
): Promise<Map<number, EmbeddedCard | LostCard>> {
  const cards = new Map<number, EmbeddedCard | LostCard>();
  for (const instance of await context.directory.instances('card')) {
    const card = await load(context, instance, repairs);
    if (card) cards.set(instance, card);
  }
  return cards;
}

/** The readable part of a card's file; undefined when there is none or it is damaged. */
export async function readHeader(
  directory: StateDirectory,
  instance: number,
): Promise<CardFileHeader | undefined> {
  try {
    return (await CardFile.read(directory.card(instance))).header;
  } catch (error) {
    if (VirtualSmartCardError.is(error, 'ERR_STATE_CORRUPT')) return undefined;
    if (VirtualSmartCardError.is(error) && isMissingFile(error.cause)) return undefined;
    throw error;
  }
}

/** Name of the storage parent that the store's cards were made under; undefined without cards. */
export async function storageParentOf(directory: StateDirectory): Promise<Buffer | undefined> {
  for (const instance of await directory.instances('card')) {
    const header = await readHeader(directory, instance);
    if (header) return Buffer.from(header.storageParent, 'hex');
  }
  return undefined;
}

/** The card; undefined when it turns out to be unfinished: then it is removed, if `repairs`. */
async function load(
  context: StoreContext,
  instance: number,
  repairs: boolean,
): Promise<EmbeddedCard | LostCard | undefined> {
  try {
    const card = await EmbeddedCard.load(context, instance);
    if (repairs) await card.recover();
    return card;
  } catch (error) {
    if (error instanceof UnfinishedCard) {
      if (!repairs) return undefined;
      const header = await readHeader(context.directory, instance);
      await eraseCard(context, instance, header?.nvIndexes ?? []);
      return undefined;
    }
    const isUnusable =
      VirtualSmartCardError.is(error, 'ERR_CARD_LOST') ||
      VirtualSmartCardError.is(error, 'ERR_STATE_CORRUPT');
    if (!isUnusable) throw error;
    const header = await readHeader(context.directory, instance);
    return { name: header?.name ?? '', reason: error };
  }
}

/** On a TPM of our own, an index of our range that no card names belongs to nobody. */
async function removeStrayIndexes(
  { tpm, directory }: StoreContext,
  cards: readonly EmbeddedCard[],
): Promise<void> {
  const named = new Set(cards.flatMap(({ storage }) => storage.header.nvIndexes));
  const present = await tpm.nvIndexes();
  const strays = present.filter((index) => isInOurRange(index) && !named.has(index));
  if (strays.length === 0) return;
  // A file that was replaced right before a kill may not be safe from a power cut yet. The old one,
  // if it came back, would need what goes now.
  await syncDirectory(directory.cards);
  for (const index of strays) await undefineIfOurs(tpm, index);
}
