/** What a card is used for, where Windows has several ways to it. */
export type Use = 'pin' | 'puk' | 'adminKey' | 'keys' | 'certificates';

/** The card's own commands, through the smart card service. */
export const OWN_COMMANDS = 'apdu';

/**
 * Which way served what on a card so far: a provider (`ksp`, `csp`), the file of the card's module, or
 * the card's own commands. What was refused was served, too: the card has answered.
 */
export class WaysTaken {
  readonly #ways = new Map<Use, Set<string>>();

  /** @param way - undefined: the card's own commands */
  took(use: Use, way: string | undefined): void {
    const ways = this.#ways.get(use) ?? new Set();
    ways.add(way ?? OWN_COMMANDS);
    this.#ways.set(use, ways);
  }

  /** The ways of each use in the order in which they were first taken, as in `ksp, apdu`. */
  toRecord(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#ways].map(([use, ways]) => [use, [...ways].join(', ')]));
  }
}
