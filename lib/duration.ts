const UNITS = [
  { name: 'day', ms: 86_400_000 },
  { name: 'hour', ms: 3_600_000 },
  { name: 'minute', ms: 60_000 },
  { name: 'second', ms: 1_000 },
] as const;

/**
 * A length of time as a person says it: its two largest units, rounded up.
 *
 * @example
 * ```ts
 * formatDuration(86_400_000); // '1 day'
 * formatDuration(5_401_000); // '1 hour 31 minutes'
 * ```
 */
export function formatDuration(ms: number): string {
  const first = UNITS.findIndex((unit) => ms >= unit.ms);
  if (first < 0) return ms > 0 ? '1 second' : 'no time';
  const large = UNITS[first] as (typeof UNITS)[number];
  const small = UNITS[first + 1];
  if (!small) return count(Math.ceil(ms / large.ms), large.name);
  const total = Math.ceil(ms / small.ms);
  const perLarge = large.ms / small.ms;
  const rest = total % perLarge;
  const text = count(Math.floor(total / perLarge), large.name);
  return rest === 0 ? text : `${text} ${count(rest, small.name)}`;
}

function count(n: number, unit: string): string {
  return `${n} ${unit}${n === 1 ? '' : 's'}`;
}
