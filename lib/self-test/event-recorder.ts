import type { CardEvent, CardWatch } from '../backend/backend.js';
import type { VirtualSmartCardManager } from '../manager.js';
import { UnexpectedResult } from './failure.js';
import { waitUntil } from './wait-until.js';

/** Keeps the events of cards that come and go during the test. */
export class EventRecorder {
  readonly #manager: VirtualSmartCardManager;
  readonly #limitMs: number;
  readonly #events: CardEvent[] = [];
  #watch: CardWatch | undefined;
  #failure: unknown;

  /** @param limitMs - how long an event may take */
  constructor(manager: VirtualSmartCardManager, limitMs: number) {
    this.#manager = manager;
    this.#limitMs = limitMs;
  }

  async start(): Promise<void> {
    this.#watch = await this.#manager.watch();
    this.#record(this.#watch).catch((error: unknown) => {
      this.#failure = error;
    });
  }

  /** Waits until these cards came, or went. */
  async expect(
    type: CardEvent['type'],
    cards: readonly { instanceId: string; name: string }[],
    signal: AbortSignal,
  ): Promise<void> {
    const missing = () =>
      cards.filter(
        ({ instanceId, name }) =>
          !this.#events.some(
            (event) =>
              event.type === type && event.instanceId === instanceId && event.name === name,
          ),
      );
    const hasEnded = () => this.#failure !== undefined || missing().length === 0;
    await waitUntil(hasEnded, this.#limitMs, signal);
    if (this.#failure !== undefined) throw this.#failure;
    if (missing().length === 0) return;
    const ids = missing().map(({ instanceId }) => instanceId);
    throw new UnexpectedResult(
      `No event "${type}" came for ${ids.join(', ')} within ${this.#limitMs / 1000} seconds.`,
    );
  }

  async close(): Promise<void> {
    await this.#watch?.close();
  }

  async #record(watch: CardWatch): Promise<void> {
    for await (const event of watch) this.#events.push(event);
  }
}
