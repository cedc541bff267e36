/** No card is destroyed and another made in its place in less. */
const TRUSTED_MS = 1000;

/**
 * Sees to it that a reader's name still means the card that was opened. Windows' providers know cards
 * by their readers only, and a reader's number is taken again when its card was destroyed: without
 * this the PIN of one card could be tried on another.
 */
export class CardPresence {
  readonly #ask: () => Promise<unknown>;
  #askedAt = Number.NEGATIVE_INFINITY;

  /** @param ask - a question to the card that fails once it is gone, and changes nothing */
  constructor(ask: () => Promise<unknown>) {
    this.#ask = ask;
  }

  /** @throws VirtualSmartCardError `ERR_CARD_NOT_FOUND`, and as the question */
  async require(): Promise<void> {
    const now = performance.now();
    if (now - this.#askedAt < TRUSTED_MS) return;
    await this.#ask();
    this.#askedAt = now;
  }
}
