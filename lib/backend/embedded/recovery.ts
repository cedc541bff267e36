import { rm } from 'node:fs/promises';
import { VirtualSmartCardError } from '../../errors.js';
import { CardFile, type CardFileHeader } from './card-file.js';
import { EmbeddedCard } from './embedded-card.js';
import { Intent } from './intent.js';
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
  const cards = new Map<number, EmbeddedCard | LostCard>();
  for (const instance of await directory.instances('card')) {
    cards.set(instance, await load(context, instance));
  }
  if (isOurs(context.tpm)) await removeStrayIndexes(context);
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

async function load(context: StoreContext, instance: number): Promise<EmbeddedCard | LostCard> {
  try {
    return await EmbeddedCard.load(context, instance);
  } catch (error) {
    const isUnusable =
      VirtualSmartCardError.is(error, 'ERR_CARD_LOST') ||
      VirtualSmartCardError.is(error, 'ERR_STATE_CORRUPT');
    if (!isUnusable) throw error;
    const header = await readHeader(context.directory, instance);
    return { name: header?.name ?? '', reason: error };
  }
}

/** On a TPM of our own, an index of our range that no card names belongs to nobody. */
async function removeStrayIndexes({ tpm, directory }: StoreContext): Promise<void> {
  const instances = await directory.instances('card');
  const headers = await Promise.all(instances.map((instance) => readHeader(directory, instance)));
  if (headers.includes(undefined)) return;
  const named = new Set(headers.flatMap((header) => header?.nvIndexes ?? []));
  for (const index of await tpm.nvIndexes()) {
    if (isInOurRange(index) && !named.has(index)) await undefineIfOurs(tpm, index);
  }
}
