import { infError, shown } from './inf-error.js';
import type { InfEntry } from './inf-syntax.js';
import { isObjectIdentifier } from './object-identifier.js';

/** TRUE or FALSE. */
export function booleanValue({ key, value, line }: InfEntry): boolean {
  const word = value.toUpperCase();
  if (word === 'TRUE' || word === 'FALSE') return word === 'TRUE';
  throw infError(line, `${key} is TRUE or FALSE, not ${shown(value)}.`);
}

/** TRUE or FALSE, YES or NO, 1 or 0, as Critical has it. */
export function yesNoValue({ key, value, line }: InfEntry): boolean {
  const word = value.toUpperCase();
  if (['TRUE', 'YES', '1'].includes(word)) return true;
  if (['FALSE', 'NO', '0'].includes(word)) return false;
  throw infError(line, `${key} is TRUE or FALSE, not ${shown(value)}.`);
}

/** FALSE where TRUE is what a card cannot do; `why` says why not. */
export function onlyFalse(entry: InfEntry, why: string): void {
  if (!booleanValue(entry)) return;
  throw infError(entry.line, `${entry.key} TRUE is not supported: ${why}.`);
}

/**
 * What a value stands for, by the words for it, compared without regard to case. Numbers among them
 * are understood, and not listed when none fits.
 */
export function wordValue<T>({ key, value, line }: InfEntry, words: Record<string, T>): T {
  const found = Object.entries(words).find(([word]) => word.toLowerCase() === value.toLowerCase());
  if (found) return found[1];
  const named = Object.keys(words).filter((word) => !/^[0-9]/.test(word));
  throw infError(line, `${key} is one of ${named.join(', ')}, not ${shown(value)}.`);
}

/** A whole decimal number within limits. */
export function numberValue({ key, value, line }: InfEntry, min: number, max: number): number {
  const number = /^[0-9]{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw infError(line, `${key} is a whole number from ${min} to ${max}, not ${shown(value)}.`);
}

/** A text of limited length. */
export function textValue({ key, value, line }: InfEntry, maxLength: number): string {
  if (value.length >= 1 && value.length <= maxLength) return value;
  throw infError(line, `${key} has 1 to ${maxLength} characters, not ${value.length}.`);
}

/** The one value of a key that has no list of them. */
export function requireSingle({ fields, line }: InfEntry): void {
  if (fields.length === 1) return;
  throw infError(line, 'put a value with a comma in quotes.');
}

/** An object identifier, dotted. */
export function oidValue(value: string, line: number): string {
  if (isObjectIdentifier(value)) return value;
  throw infError(
    line,
    `expected an object identifier such as 1.3.6.1.5.5.7.3.2, not ${shown(value)}.`,
  );
}

/**
 * The bits of a number: hexadecimal (`0xa0`; one digit also without 0x), symbols, or both, joined
 * by `|`.
 */
export function bitsValue(
  { key, value, line }: InfEntry,
  symbols: ReadonlyMap<string, number>,
): number {
  const known = [...symbols.values()].reduce((bits, bit) => (bits | bit) >>> 0, 0);
  let bits = 0;
  for (const part of value.split('|').map((each) => each.trim())) {
    const bit = /^(0x[0-9a-f]{1,8}|[0-9])$/i.test(part)
      ? Number(part)
      : symbols.get(part.toUpperCase());
    if (bit === undefined || (bit & ~known) !== 0) {
      throw infError(
        line,
        `${key} is a hexadecimal number such as 0x80, or of ${[...symbols.keys()].join(', ')} joined by |, not ${shown(part)}.`,
      );
    }
    bits = (bits | bit) >>> 0;
  }
  return bits;
}
