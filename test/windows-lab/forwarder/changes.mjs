/** Counts the cards' coming and going, for those who wait for the next. */
export class Changes {
  #generation = 1;
  #waiters = new Set();

  get generation() {
    return this.#generation;
  }

  announce() {
    this.#generation++;
    for (const waiter of this.#waiters) waiter();
  }

  /**
   * Resolves to the generation: at once when it is not the one that the caller saw last, else after
   * the next change, the time-out or the end of the caller.
   */
  async after(seen, timeoutMs, callerEnd) {
    if (seen === this.#generation && !callerEnd.aborted) {
      await new Promise((resolve) => {
        const timer = setTimeout(done, timeoutMs);
        const waiters = this.#waiters;
        waiters.add(done);
        callerEnd.addEventListener('abort', done);
        function done() {
          clearTimeout(timer);
          waiters.delete(done);
          callerEnd.removeEventListener('abort', done);
          resolve();
        }
      });
    }
    return this.#generation;
  }
}
