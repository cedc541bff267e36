import {
  type CardInfo,
  type VirtualSmartCard,
  VirtualSmartCardError,
  type VirtualSmartCardManager,
} from '../index.js';
import type { Context } from './verb.js';

/**
 * The card of that instance id, or the only one there is. Works for lost cards too, which cannot be
 * opened.
 *
 * @throws VirtualSmartCardError `ERR_CARD_NOT_FOUND`, `ERR_CARD_AMBIGUOUS`
 */
export async function cardInfo(
  manager: VirtualSmartCardManager,
  instance: string | undefined,
): Promise<CardInfo> {
  if (instance !== undefined) return manager.info(instance);
  const [only, ...others] = await manager.list();
  if (only && others.length === 0) return only;
  // None or several: opening says which, in the library's own words.
  const card = await manager.card();
  return card.info();
}

/**
 * Opens the card that `--instance` names, else that of the INF's ReaderName, else the only one.
 *
 * @throws VirtualSmartCardError `ERR_CARD_NOT_FOUND`, `ERR_CARD_AMBIGUOUS`, `ERR_CARD_LOST`
 */
export async function openCard(
  { args, openManager }: Context,
  readerName?: string,
): Promise<VirtualSmartCard> {
  const manager = await openManager();
  const instance = args.value('instance');
  if (instance !== undefined || readerName === undefined) return manager.card(instance);
  return manager.card((await cardOfReader(manager, readerName)).instanceId);
}

/** The card in that reader; as a card may be in none, its instance id is taken as well. */
async function cardOfReader(manager: VirtualSmartCardManager, wanted: string): Promise<CardInfo> {
  const cards = await manager.list();
  const found = cards.find(
    ({ readerName, instanceId }) => readerName === wanted || instanceId === wanted,
  );
  if (found) return found;
  throw new VirtualSmartCardError(
    'ERR_CARD_NOT_FOUND',
    `No card is in the reader "${wanted}", which the INF's ReaderName asks for. Name a card by` +
      ' --instance, or by its instance id in ReaderName.',
  );
}
