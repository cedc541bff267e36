import { infError, shown } from './inf-error.js';
import { MAX_INF_LENGTH } from './inf-text.js';

/** The [Strings] of an INF text, which stand for `%name%` in all other sections. */
export class InfStrings {
  readonly #strings = new Map<string, { value: string; line: number }>();
  #length = 0;

  /** @throws VirtualSmartCardError `ERR_INF` for a name that is there already */
  add(name: string, value: string, line: number): void {
    const earlier = this.#strings.get(name.toLowerCase());
    if (earlier) {
      throw infError(line, `${name} is there already, on line ${earlier.line}. Remove one.`);
    }
    this.#strings.set(name.toLowerCase(), { value, line });
  }

  /**
   * Windows does not replace names within [Strings]; a `%name%` that means another string is a
   * mistake, and so is one that means itself.
   *
   * @throws VirtualSmartCardError `ERR_INF`
   */
  checkNesting(): void {
    for (const { value, line } of this.#strings.values()) {
      for (const [whole, name = ''] of value.matchAll(/%([^%]+)%/g)) {
        if (!this.#strings.has(name.toLowerCase())) continue;
        throw infError(
          line,
          `[Strings] are not replaced within each other, so ${shown(whole)} would stay.`,
        );
      }
    }
  }

  /**
   * Replaces `%name%` by the string of that name, and `%%` by `%`.
   *
   * @throws VirtualSmartCardError `ERR_INF` for a name that [Strings] does not have
   */
  replaceIn(text: string, line: number): string {
    if (!text.includes('%')) return text;
    const replaced = text.replace(/%([^%]*)(%|$)/g, (_whole, name: string, end: string) => {
      if (end === '') throw infError(line, 'a % stands alone. Write %% for a percent sign.');
      if (name === '') return '%';
      const found = this.#strings.get(name.toLowerCase());
      if (!found) {
        throw infError(line, `[Strings] has no ${shown(name)}. Write %% for a percent sign.`);
      }
      this.#length += found.value.length;
      if (this.#length > MAX_INF_LENGTH) throw infError(line, 'its [Strings] make it too long.');
      return found.value;
    });
    return replaced;
  }
}
