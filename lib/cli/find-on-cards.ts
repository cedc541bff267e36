import { type VirtualSmartCard, VirtualSmartCardError } from '../index.js';
import { openCard } from './choose-card.js';
import type { Context } from './verb.js';

/** What was looked for, and the card that it is on. */
export interface OnCard<T> {
  card: VirtualSmartCard;
  found: T;
}

/**
 * Looks for something on the card that `--instance` or the INF's ReaderName names, else on all cards
 * that can be used. No PIN is needed.
 *
 * @param look - everything on one card that is meant
 * @param what - what is looked for, for the error text
 * @returns the finds, all on one card; none when it is nowhere
 * @throws VirtualSmartCardError `ERR_CARD_AMBIGUOUS` when several cards have it, `ERR_CARD_NOT_FOUND`;
 * when no card has it and one could not be read, what that one failed with
 */
export async function findOnCards<T>(
  context: Context,
  look: (card: VirtualSmartCard) => Promise<T[]>,
  what: string,
  readerName?: string,
): Promise<OnCard<T>[]> {
  const instanceIds = await candidates(context, readerName);
  if (!instanceIds) return lookAt(await openCard(context, readerName), look);
  const manager = await context.openManager();
  const finds: OnCard<T>[][] = [];
  const failures: unknown[] = [];
  for (const instanceId of instanceIds) {
    context.signal.throwIfAborted();
    try {
      const found = await lookAt(await manager.card(instanceId), look);
      if (found.length > 0) finds.push(found);
    } catch (error) {
      failures.push(error);
    }
  }
  const [first = [], ...others] = finds;
  if (others.length > 0) {
    const having = finds.flatMap(([one]) => (one ? [one.card.instanceId] : []));
    const message = `Several cards have ${what}: ${having.join(', ')}.`;
    throw new VirtualSmartCardError('ERR_CARD_AMBIGUOUS', message, { instanceIds: having });
  }
  if (first.length === 0 && failures.length > 0) throw failures[0];
  return first;
}

/** The cards to look at; undefined where one is named, or there are not several. */
async function candidates(
  { args, openManager }: Context,
  readerName: string | undefined,
): Promise<string[] | undefined> {
  if (args.value('instance') !== undefined || readerName !== undefined) return undefined;
  const cards = await (await openManager()).list();
  if (cards.length < 2) return undefined;
  return cards.filter(({ state }) => state === 'ready').map(({ instanceId }) => instanceId);
}

/** A card without it is closed: it is not needed any more. */
async function lookAt<T>(
  card: VirtualSmartCard,
  look: (card: VirtualSmartCard) => Promise<T[]>,
): Promise<OnCard<T>[]> {
  const finds: OnCard<T>[] = [];
  try {
    finds.push(...(await look(card)).map((found) => ({ card, found })));
    return finds;
  } finally {
    if (finds.length === 0) await card.close();
  }
}
