import { setTimeout as delay } from 'node:timers/promises';
import { VirtualSmartCardError } from '../../errors.js';
import type { NativeCall, WindowsAddon } from '../../native-windows.js';
import type { CardEvent, CardWatch } from '../backend.js';
import { CardEventQueue } from '../card-event-queue.js';
import type { TimeLimits } from './limits.js';
import type { VirtualReaders } from './virtual-readers.js';
import { windowsError } from './windows-error.js';

type Known = Map<string, string>;

/** While no smart card service runs, because there is no reader, it is looked for this often. */
const SERVICE_PAUSE = 1000;

/** Watches the smart card service and says which cards came and went. */
export async function watchCards(
  addon: WindowsAddon,
  readers: VirtualReaders,
  { grace }: Pick<TimeLimits, 'grace'>,
): Promise<CardWatch> {
  const watcher = new CardWatcher(addon, readers, grace);
  await watcher.start();
  return watcher.queue;
}

class CardWatcher {
  readonly queue = new CardEventQueue(() => this.#stop());
  readonly #addon: WindowsAddon;
  readonly #readers: VirtualReaders;
  /** How long the smart card service may take to come back from a wait that was ended. */
  readonly #graceMs: number;
  readonly #stopped = new AbortController();
  #known: Known = new Map();
  #call: NativeCall<void> | undefined;
  #running: Promise<void> | undefined;
  #looking: Promise<void> | undefined;
  #lookAgain = false;

  constructor(addon: WindowsAddon, readers: VirtualReaders, graceMs: number) {
    this.#addon = addon;
    this.#readers = readers;
    this.#graceMs = graceMs;
  }

  async start(): Promise<void> {
    this.#known = await this.#now();
    this.#running = this.#run();
  }

  async #stop(): Promise<void> {
    this.#stopped.abort();
    const call = this.#call;
    call?.cancel();
    const grace = setTimeout(() => call?.abandon(), this.#graceMs);
    await this.#running;
    clearTimeout(grace);
    await this.#looking;
  }

  async #run(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      try {
        this.#call = this.#addon.watchReaders((name) => {
          if (name === 'changed') this.#look();
        });
        await this.#call.result;
      } catch (reason) {
        const error = windowsError(reason);
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
    const readers = await this.#readers.list();
    return new Map(readers.map(({ instanceId, name }) => [instanceId, name]));
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
