import type { CardEvent, CardWatch } from './backend.js';

type Waiter = {
  resolve(result: IteratorResult<CardEvent>): void;
  reject(error: unknown): void;
};

/** A {@link CardWatch} that a backend fills: keeps events until they are taken. */
export class CardEventQueue implements CardWatch {
  readonly #stop: () => Promise<void>;
  readonly #events: CardEvent[] = [];
  readonly #waiters: Waiter[] = [];
  #closed: Promise<void> | undefined;
  #failure: { error: unknown } | undefined;

  /** @param stop - ends what fills the queue; called once */
  constructor(stop: () => Promise<void>) {
    this.#stop = stop;
  }

  push(event: CardEvent): void {
    if (this.#closed) return;
    const waiter = this.#waiters.shift();
    if (waiter) waiter.resolve({ value: event, done: false });
    else this.#events.push(event);
  }

  /** The events end with an error, once those that are there have been taken. */
  fail(error: unknown): void {
    if (this.#closed || this.#failure) return;
    const [first, ...others] = this.#waiters.splice(0);
    if (first) first.reject(error);
    else this.#failure = { error };
    for (const waiter of others) waiter.resolve(END);
    this.#closed = this.#stop();
  }

  async next(): Promise<IteratorResult<CardEvent>> {
    const event = this.#events.shift();
    if (event) return { value: event, done: false };
    if (this.#failure) {
      const { error } = this.#failure;
      this.#failure = undefined;
      throw error;
    }
    if (this.#closed) return END;
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  async return(): Promise<IteratorResult<CardEvent>> {
    await this.close();
    return END;
  }

  close(): Promise<void> {
    this.#events.length = 0;
    this.#closed ??= this.#stop();
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(END);
    return this.#closed;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

const END = { value: undefined, done: true } as const;
