/** Pauses that end early when somebody calls. */
export class WakeUp {
  readonly #sleepers = new Set<() => void>();

  /** Resolves after so many milliseconds, or at the next {@link call}. */
  async sleep(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, milliseconds);
      this.#sleepers.add(wake);
    });
  }

  call(): void {
    for (const wake of [...this.#sleepers]) wake();
  }
}
