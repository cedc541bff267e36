import type { CardInfo } from '../backend/backend.js';
import type { CreationStatus } from '../creation-status.js';
import { VirtualSmartCardError } from '../errors.js';
import type { VirtualSmartCardManager } from '../manager.js';
import type { TestCard } from './test-card.js';

/** Makes the test's cards and knows which of them are still there, whatever went wrong. */
export class CardKeeper {
  readonly #manager: VirtualSmartCardManager;
  readonly #names = new Set<string>();
  /** Instance ids of cards that were made and not seen destroyed. */
  readonly #present = new Set<string>();
  #over = false;

  constructor(manager: VirtualSmartCardManager) {
    this.#manager = manager;
  }

  /** Instance ids of cards that are still there. */
  get left(): string[] {
    return [...this.#present].sort();
  }

  /** Makes a card. One that appears when the test has ended is destroyed again. */
  async make(
    card: TestCard,
    signal: AbortSignal,
    onProgress?: (status: CreationStatus) => void,
  ): Promise<void> {
    const { name, pin, puk, adminKey } = card;
    this.#names.add(name);
    try {
      card.opened = await this.#manager.create({ name, pin, puk, adminKey, signal, onProgress });
    } catch (error) {
      // A card that can be used after a restart only is there all the same.
      if (VirtualSmartCardError.is(error, 'ERR_REBOOT_REQUIRED')) {
        for (const id of error.instanceIds ?? []) this.#present.add(id);
      }
      throw error;
    }
    this.#present.add(card.instanceId);
    if (this.#over) await this.destroy(card.instanceId);
  }

  async destroy(instanceId: string, onProgress?: (status: CreationStatus) => void): Promise<void> {
    await this.#manager.destroy(instanceId, { onProgress });
    this.#present.delete(instanceId);
  }

  /** Of these cards, those that the test made. */
  own(cards: readonly CardInfo[]): CardInfo[] {
    return cards.filter(({ name }) => this.#names.has(name));
  }

  /**
   * Destroys what is left of the test's cards, those too whose making failed.
   *
   * @returns how many there were
   */
  async cleanUp(): Promise<number> {
    this.#over = true;
    const failures: unknown[] = [];
    // Those that are known of are destroyed even where no list is to be had.
    const listed = await this.#manager.list().catch((error: unknown) => {
      failures.push(error);
      return [];
    });
    for (const { instanceId } of this.own(listed)) this.#present.add(instanceId);
    const found = this.left;
    for (const instanceId of found) {
      await this.destroy(instanceId).catch((error: unknown) => {
        if (VirtualSmartCardError.is(error, 'ERR_CARD_NOT_FOUND')) this.#present.delete(instanceId);
        else failures.push(error);
      });
    }
    if (failures.length > 0) throw failures[0];
    return found.length;
  }
}
