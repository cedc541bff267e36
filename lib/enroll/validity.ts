/** Units of ValidityPeriod. */
export type ValidityUnit = (typeof VALIDITY_UNITS)[number];

/** All units, the longest first. */
export const VALIDITY_UNITS = [
  'years',
  'months',
  'weeks',
  'days',
  'hours',
  'minutes',
  'seconds',
] as const;

/** How long a certificate is valid: bounds where the INF names them, else a period from now on. */
export interface ValiditySpec {
  /** Default: now. */
  notBefore: Date | undefined;
  /** Default: `period` after the beginning. */
  notAfter: Date | undefined;
  /** Counts when `notAfter` is undefined; default one year. */
  period: { count: number; unit: ValidityUnit };
}

/** What certreq takes when the INF says nothing. */
export const DEFAULT_PERIOD = { count: 1, unit: 'years' } as const;

const MILLISECONDS = {
  weeks: 604_800_000,
  days: 86_400_000,
  hours: 3_600_000,
  minutes: 60_000,
  seconds: 1000,
};

/**
 * The bounds of a certificate made now, whole seconds. A period in months or years ends on the same
 * day of the month, or on the month's last day where there is no such day.
 */
export function validityBounds(spec: ValiditySpec, now: Date): { notBefore: Date; notAfter: Date } {
  const notBefore = spec.notBefore ?? new Date(Math.floor(now.getTime() / 1000) * 1000);
  return { notBefore, notAfter: spec.notAfter ?? after(notBefore, spec.period) };
}

function after(start: Date, { count, unit }: ValiditySpec['period']): Date {
  if (unit !== 'years' && unit !== 'months') {
    return new Date(start.getTime() + count * MILLISECONDS[unit]);
  }
  const end = new Date(start);
  end.setUTCDate(1);
  end.setUTCMonth(start.getUTCMonth() + (unit === 'years' ? 12 * count : count));
  const lastDay = new Date(Date.UTC(end.getUTCFullYear(), end.getUTCMonth() + 1, 0)).getUTCDate();
  end.setUTCDate(Math.min(start.getUTCDate(), lastDay));
  return end;
}
