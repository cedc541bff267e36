import type { CardWatch } from '../backend/backend.js';
import { VirtualSmartCardError } from '../errors.js';
import { normalizeInstanceId } from '../instance-id.js';
import { DirectoryWatch } from './directory-watch.js';
import type { CheckedPublishOptions } from './publish-options.js';
import { type PublishableBackend, PublishedCard, type Publishing } from './published-card.js';
import { slotTargets, vpcdTargets } from './reader-target.js';
import { WakeUp } from './wake-up.js';

/** Pause before the cards are listed and watched anew, when that failed. */
const FOLLOW_AGAIN_MS = 500;

/**
 * What a `Publication` stands for: follows the cards of a store as they come and go, and keeps each in
 * its reader.
 */
export class CardPublisher {
  readonly #publishing: Publishing;
  readonly #directory: DirectoryWatch | undefined;
  readonly #cards = new Map<string, PublishedCard>();
  #watch: CardWatch | undefined;
  #following: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  private constructor(publishing: Publishing, directory: DirectoryWatch | undefined) {
    this.#publishing = publishing;
    this.#directory = directory;
  }

  /** Resolves when each card was tried once. */
  static async start(
    backend: PublishableBackend,
    { place, onWarning }: CheckedPublishOptions,
  ): Promise<CardPublisher> {
    const wakeUp = new WakeUp();
    const warn = (warning: VirtualSmartCardError) => onWarning(warning);
    const isOurs = 'directory' in place;
    const choose = isOurs ? slotTargets(place.directory) : vpcdTargets(place.vpcdPort);
    const directory = isOurs
      ? await DirectoryWatch.open(place.directory, () => wakeUp.call())
      : undefined;
    const publisher = new CardPublisher({ backend, choose, wakeUp, warn }, directory);
    try {
      const watch = await publisher.#putAllIn();
      publisher.#following = publisher.#follow(watch);
      await Promise.all([...publisher.#cards.values()].map((card) => card.tried));
      return publisher;
    } catch (error) {
      await publisher.close();
      throw error;
    }
  }

  /** As `Publication.readerOf`. */
  readerOf(instanceId: string): string | undefined {
    return this.#cards.get(normalizeInstanceId(instanceId))?.readerName;
  }

  /** As `Publication.close`. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#directory?.close();
    this.#publishing.wakeUp.call();
    await this.#watch?.close();
    await this.#following;
    const cards = [...this.#cards.values()];
    this.#cards.clear();
    await Promise.all(cards.map((card) => card.takeOut()));
  }

  /** Puts the cards in that there are; the watch tells of what happens from now on. */
  async #putAllIn(): Promise<CardWatch> {
    const { backend } = this.#publishing;
    const watch = await backend.watch();
    this.#watch = watch;
    if (this.#closing) await watch.close();
    const usable = (await backend.list()).filter(({ state }) => state !== 'lost');
    const ids = new Set(usable.map(({ instanceId }) => instanceId));
    for (const id of [...this.#cards.keys()]) if (!ids.has(id)) await this.#takeOut(id);
    for (const id of ids) this.#putIn(id);
    return watch;
  }

  async #follow(first: CardWatch): Promise<void> {
    let watch: CardWatch | undefined = first;
    while (!this.#closing) {
      try {
        watch ??= await this.#putAllIn();
        for await (const { type, instanceId } of watch) {
          if (type === 'removed') await this.#takeOut(instanceId);
          else if (!this.#closing) this.#putIn(instanceId);
        }
      } catch (error) {
        if (!VirtualSmartCardError.is(error)) throw error;
        if (!this.#closing) this.#publishing.warn(error);
      }
      watch = undefined;
      if (!this.#closing) await this.#publishing.wakeUp.sleep(FOLLOW_AGAIN_MS);
    }
  }

  #putIn(instanceId: string): void {
    if (this.#cards.has(instanceId)) return;
    this.#cards.set(instanceId, new PublishedCard(instanceId, this.#publishing));
  }

  async #takeOut(instanceId: string): Promise<void> {
    const card = this.#cards.get(instanceId);
    this.#cards.delete(instanceId);
    await card?.takeOut();
  }
}
