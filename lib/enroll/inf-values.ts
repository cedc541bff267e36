import { type InfEntry, infError } from './inf-syntax.js';

/** TRUE or FALSE. */
export function booleanValue({ key, value, line }: InfEntry): boolean {
  const word = value.toUpperCase();
  if (word === 'TRUE' || word === 'FALSE') return word === 'TRUE';
  throw infError(line, `${key} is TRUE or FALSE, not "${value}".`);
}

/** FALSE where TRUE is what a card cannot do; `why` says why not. */
export function onlyFalse(entry: InfEntry, why: string): void {
  if (!booleanValue(entry)) return;
  throw infError(entry.line, `${entry.key} TRUE is not supported: ${why}.`);
}

/** What a value stands for, by the words for it, compared without regard to case. */
export function wordValue<T>({ key, value, line }: InfEntry, words: Record<string, T>): T {
  const found = Object.entries(words).find(([word]) => word.toLowerCase() === value.toLowerCase());
  if (found) return found[1];
  throw infError(line, `${key} is one of ${Object.keys(words).join(', ')}, not "${value}".`);
}

/** A whole decimal number within limits. */
export function numberValue({ key, value, line }: InfEntry, min: number, max: number): number {
  const number = /^[0-9]{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw infError(line, `${key} is a whole number from ${min} to ${max}, not "${value}".`);
}

/** A text of limited length. */
export function textValue({ key, value, line }: InfEntry, maxLength: number): string {
  if (value.length >= 1 && value.length <= maxLength) return value;
  throw infError(line, `${key} has 1 to ${maxLength} characters, not ${value.length}.`);
}

const ISO_DATE = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?(Z)?)?$/;
const US_DATE = /^(\d{1,2})\/(\d{1,2})\/(\d{4})(?: (\d{1,2}):(\d\d)(?::(\d\d))?(?: (AM|PM))?)?$/i;

/**
 * A date as certreq's documentation writes it (`7/24/2027 10:31 AM`: month first, local time) or as
 * ISO 8601 (`2027-07-24`, `2027-07-24T10:31`, local time; with a final Z, universal time).
 */
export function dateValue({ key, value, line }: InfEntry): Date {
  const date = isoDate(value) ?? usDate(value);
  if (date) return date;
  throw infError(
    line,
    `${key} is a date such as 2027-07-24T10:31:00Z or "7/24/2027 10:31 AM", not "${value}".`,
  );
}

function isoDate(value: string): Date | undefined {
  const parts = ISO_DATE.exec(value);
  if (!parts) return undefined;
  const [, year, month, day, hour, minute, second, zone] = parts;
  return calendarDate([year, month, day, hour, minute, second], zone !== undefined);
}

function usDate(value: string): Date | undefined {
  const parts = US_DATE.exec(value);
  if (!parts) return undefined;
  const [, month, day, year, hour, minute, second, half] = parts;
  if (half === undefined) return calendarDate([year, month, day, hour, minute, second], false);
  const twelve = Number(hour);
  if (twelve < 1 || twelve > 12) return undefined;
  const hours = (twelve % 12) + (half.toUpperCase() === 'PM' ? 12 : 0);
  return calendarDate([year, month, day, String(hours), minute, second], false);
}

/** The date of its fields; undefined for one that no calendar has, such as 30 February. */
function calendarDate(fields: (string | undefined)[], universal: boolean): Date | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields.map((field) =>
    Number(field ?? 0),
  );
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const exists = new Date(Date.UTC(year, month - 1, day));
  if (exists.getUTCMonth() !== month - 1 || exists.getUTCDate() !== day) return undefined;
  return universal
    ? new Date(Date.UTC(year, month - 1, day, hour, minute, second))
    : new Date(year, month - 1, day, hour, minute, second);
}
