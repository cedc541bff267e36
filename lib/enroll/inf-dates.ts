import { infError, shown } from './inf-error.js';
import type { InfEntry } from './inf-syntax.js';

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
    `${key} is a date such as 2027-07-24T10:31:00Z or "7/24/2027 10:31 AM", not ${shown(value)}.`,
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
