import { setTimeout } from 'node:timers/promises';
import { aborted } from '../arguments.js';

/** A server that says 0 is not asked again at once, for ever. */
const SHORTEST_WAIT_MS = 1_000;

/** setTimeout takes no more than 31 bits. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * What a Retry-After header asks for, in milliseconds (RFC 9110, 10.2.3): seconds, or a date.
 *
 * @returns undefined when it is neither
 */
export function retryAfterMs(header: string, now: number): number | undefined {
  const text = header.trim();
  if (/^\d{1,12}$/.test(text)) return Number(text) * 1_000;
  // All forms of a date that HTTP knows have a day's name first; Date.parse takes much more.
  if (!/^(Mon|Tues?|Wed(nes)?|Thu(rs)?|Fri|Sat(ur)?|Sun)(day)?,? /.test(text)) return undefined;
  // asctime's form names no zone, and means UTC.
  const date = Date.parse(/ GMT$/.test(text) ? text : `${text} GMT`);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** @throws VirtualSmartCardError `ERR_ABORTED` */
export async function waitUntilRetry(ms: number, signal: AbortSignal | undefined): Promise<void> {
  const until = performance.now() + Math.max(ms, SHORTEST_WAIT_MS);
  for (;;) {
    const left = until - performance.now();
    if (left <= 0) return;
    try {
      await setTimeout(Math.min(left, LONGEST_TIMER_MS), undefined, { signal });
    } catch (error) {
      throw aborted(signal?.reason ?? error);
    }
  }
}
