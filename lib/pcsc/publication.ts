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
 * The cards of a store in the readers of pcscd, until it is closed: those that there are and those
 * that come, each in the slot of its number. What another process does about pcscd, a restart for
 * example, is picked up.
 *
 * @example
 * ```ts
 * await using publication = await manager.publish();
 * console.log(publication.readerOf('0000')); // 'Virtual Smart Card 00 00'
 * ```
 */
export class Publication {
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

  /** @internal `manager.publish()`. Resolves when each card was tried once. */
  static async start(
    backend: PublishableBackend,
    { place, onWarning }: CheckedPublishOptions,
  ): Promise<Publication> {
    const wakeUp = new WakeUp();
    const warn = (warning: VirtualSmartCardError) => onWarning(warning);
    const isOurs = 'directory' in place;
    const choose = isOurs ? slotTargets(place.directory) : vpcdTargets(place.vpcdPort);
    const directory = isOurs
      ? await DirectoryWatch.open(place.directory, () => wakeUp.call())
      : undefined;
    const publication = new Publication({ backend, choose, wakeUp, warn }, directory);
    try {
      const watch = await publication.#putAllIn();
      publication.#following = publication.#follow(watch);
      await Promise.all([...publication.#cards.values()].map((card) => card.tried));
      return publication;
    } catch (error) {
      await publication.close();
      throw error;
    }
  }

  /**
   * The PC/SC reader that holds a card now; undefined when none does.
   *
   * @param instanceId - as `info` takes it
   * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
   * @example
   * ```ts
   * const reader = publication.readerOf(card.instanceId);
   * ```
   */
  readerOf(instanceId: string): string | undefined {
    return this.#cards.get(normalizeInstanceId(instanceId))?.readerName;
  }

  /**
   * Takes all cards out of their readers. Closing the manager does it too. Safe to call twice.
   *
   * @example `await publication.close();`
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
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
