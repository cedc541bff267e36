import { usageError } from './failure.js';

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/**
 * A length of time as OpenSSH's options have it: seconds, or numbers each followed by s, m, h, d or w.
 *
 * @param option - for the error text
 * @returns milliseconds
 * @throws CliError `ERR_USAGE`
 * @example
 * ```ts
 * parseTimeSpan('1h30m', 'lifetime'); // 5_400_000
 * ```
 */
export function parseTimeSpan(text: string, option: string): number {
  const form = /^(?:[0-9]{1,9}|(?:[0-9]{1,9}[smhdw])+)$/i;
  if (!form.test(text)) {
    throw usageError(
      `--${option} takes a time such as 90, 10m or 1h30m, not "${text.slice(0, 40)}".`,
    );
  }
  let seconds = 0;
  for (const [, number, unit] of text.matchAll(/([0-9]+)([smhdw]?)/gi)) {
    seconds += Number(number) * (SECONDS[unit?.toLowerCase() || 's'] as number);
  }
  return seconds * 1000;
}
