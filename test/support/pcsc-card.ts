import { expect, onTestFinished } from 'vitest';
import {
  type CreateOptions,
  type VirtualSmartCard,
  VirtualSmartCardManager,
} from '../../lib/index.js';
import type { Publication } from '../../lib/pcsc/publication.js';
import { until } from './pcsc.js';
import { Pcscd } from './pcscd.js';
import { cardOptions, openManager, temporaryDirectory } from './store.js';

export const READER = 'Virtual Smart Card 00 00';
export const INSTANCE_ID = `READER\\${READER}`;

/** A manager of the cards in pcscd's readers, closed when the test ends. */
export async function openPcscManager(): Promise<VirtualSmartCardManager> {
  const manager = await VirtualSmartCardManager.open({ backend: 'pcsc' });
  onTestFinished(() => manager.close());
  return manager;
}

/** A card of the embedded backend in a reader of a pcscd, and a manager that sees it there. */
export interface PublishedCard {
  pcscd: Pcscd;
  /** The manager that made it. */
  maker: VirtualSmartCardManager;
  publication: Publication;
  /** The card as its maker has it. */
  made: VirtualSmartCard;
  options: CreateOptions & { pin: Buffer };
  manager: VirtualSmartCardManager;
  /** The card in its reader. */
  card: VirtualSmartCard;
}

/** @param overrides - how the card is made */
export async function publishedCard(
  overrides: Partial<CreateOptions> = {},
): Promise<PublishedCard> {
  const pcscd = await Pcscd.start();
  const maker = await openManager(await temporaryDirectory());
  const options = cardOptions(overrides) as CreateOptions & { pin: Buffer };
  const made = await maker.create(options);
  const publication = await maker.publish({ directory: pcscd.places.directory });
  const manager = await openPcscManager();
  await until(async () => (await manager.list()).length === 1);
  return { pcscd, maker, publication, made, options, manager, card: await manager.card() };
}

/**
 * The card is taken out of its reader and put back, then pcscd ends and is started anew: a watch tells
 * of each.
 *
 * @param between - done while the card is in the reader; the watch must tell nothing of it
 */
export async function expectSeenComingAndGoing(
  { publication, maker, pcscd }: PublishedCard,
  watch: AsyncIterator<unknown>,
  between: () => Promise<unknown> = async () => undefined,
): Promise<void> {
  const next = async () => (await watch.next()).value;
  const card = { instanceId: INSTANCE_ID, name: READER };
  await publication.close();
  expect(await next()).toEqual({ type: 'removed', ...card });
  await maker.publish({ directory: pcscd.places.directory });
  expect(await next()).toEqual({ type: 'added', ...card });
  await between();
  await pcscd.stop();
  expect(await next()).toEqual({ type: 'removed', ...card });
  await pcscd.run();
  expect(await next()).toEqual({ type: 'added', ...card });
}
