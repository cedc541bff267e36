import { setTimeout as delay } from 'node:timers/promises';
import type { CardEvent, CardWatch } from '../../backend/backend.js';
import { CardEventQueue } from '../../backend/card-event-queue.js';
import { VirtualSmartCardError } from '../../errors.js';
import type { NativeCall, NativeEventListener } from '../../native-call.js';

type Known = Map<string, string>;

/** While no smart card service runs, because there is no reader, it is looked for this often. */
const SERVICE_PAUSE = 1000;

/** What is watched. */
export interface WatchedSystem {
  /** Tells `changed` at the start and at each change, until it is cancelled. */
  watchReaders(listener: NativeEventListener): NativeCall<void>;
  /** What the system answered as an error of the library. */
  toError(error: unknown): unknown;
  /** The cards that there are. */
  cards(): Promise<readonly Pick<CardEvent, 'instanceId' | 'name'>[]>;
  /** How long the smart card service may take to come back from a wait that was ended, in milliseconds. */
  graceMs: number;
}

/** Watches the smart card service and says which cards came and went. */
export async function watchCards(system: WatchedSystem): Promise<CardWatch> {
  const watcher = new CardWatcher(system);
  await watcher.start();
  return watcher.queue;
}

class CardWatcher {
  readonly queue = new CardEventQueue(() => this.#stop());
  readonly #system: WatchedSystem;
  readonly #stopped = new AbortController();
  #known: Known = new Map();
  #call: NativeCall<void> | undefined;
  #running: Promise<void> | undefined;
  #looking: Promise<void> | undefined;
  #lookAgain = false;

  constructor(system: WatchedSystem) {
    this.#system = system;
  }

  async start(): Promise<void> {
    this.#known = await this.#now();
    this.#running = this.#run();
  }

  async #stop(): Promise<void> {
    this.#stopped.abort();
    const call = this.#call;
    call?.cancel();
    const grace = setTimeout(() => call?.abandon(), this.#system.graceMs);
    await this.#running;
    clearTimeout(grace);
    await this.#looking;
  }

  async #run(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      try {
        this.#call = this.#system.watchReaders((name) => {
          if (name === 'changed') this.#look();
        });
        await this.#call.result;
      } catch (reason) {
        if (this.#stopped.signal.aborted) return;
        const error = this.#system.toError(reason);
        if (!VirtualSmartCardError.is(error, 'ERR_SMART_CARD_SERVICE')) {
          this.#fail(error);
          return;
        }
        this.#look();
        await delay(SERVICE_PAUSE, undefined, { signal: this.#stopped.signal }).catch(() => {
          // The watch was closed.
        });
      }
    }
  }

  /** Looks what has changed; a change while it looks makes it look once more. */
  #look(): void {
    if (this.#looking) {
      this.#lookAgain = true;
      return;
    }
    this.#looking = this.#compare()
      .catch((error) => this.#fail(error))
      .finally(() => {
        this.#looking = undefined;
        if (!this.#lookAgain || this.#stopped.signal.aborted) return;
        this.#lookAgain = false;
        this.#look();
      });
  }

  async #compare(): Promise<void> {
    const now = await this.#now();
    for (const event of differences(this.#known, now)) this.queue.push(event);
    this.#known = now;
  }

  #fail(error: unknown): void {
    if (!this.#stopped.signal.aborted) this.queue.fail(error);
  }

  async #now(): Promise<Known> {
    const cards = await this.#system.cards();
    return new Map(cards.map(({ instanceId, name }) => [instanceId, name]));
  }
}

/** Those that went come first: an instance id may be taken again. */
function differences(before: Known, now: Known): CardEvent[] {
  const lacking = (type: CardEvent['type'], some: Known, others: Known): CardEvent[] =>
    [...some]
      .filter(([instanceId, name]) => others.get(instanceId) !== name)
      .map(([instanceId, name]) => ({ type, instanceId, name }));
  return [...lacking('removed', before, now), ...lacking('added', now, before)];
}
