import type { CardPublisher } from './card-publisher.js';

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
  readonly #publisher: CardPublisher;

  private constructor(publisher: CardPublisher) {
    this.#publisher = publisher;
  }

  /** @internal `manager.publish()`. A publisher is handed in: importing the package loads none. */
  static over(publisher: CardPublisher): Publication {
    return new Publication(publisher);
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
    return this.#publisher.readerOf(instanceId);
  }

  /**
   * Takes all cards out of their readers. Closing the manager does it too. Safe to call twice.
   *
   * @example `await publication.close();`
   */
  close(): Promise<void> {
    return this.#publisher.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
