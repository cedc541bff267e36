import { median, ratioOfMedians } from './statistics.mjs';

/**
 * Measures two operations in turn, each first in every other pair, so that neither has the warmer
 * caches. Times are in milliseconds.
 *
 * @param one - resolves to the milliseconds of one run of the first operation
 * @param other - the same of the second
 */
export async function measurePairs(pairs, one, other) {
  const ones = [];
  const others = [];
  for (let pair = 0; pair < pairs; pair++) {
    if (pair % 2 === 0) ones.push(await one());
    others.push(await other());
    if (pair % 2 === 1) ones.push(await one());
  }
  return summary(ones, others);
}

/** Medians of two series measured in pairs, and their ratio. */
export function summary(ones, others) {
  const medians = { one: median(ones), other: median(others) };
  return { pairs: ones.length, ...medians, ...ratioOfMedians(ones, others) };
}

/** Milliseconds that the operation takes. */
export async function timed(operation) {
  const start = performance.now();
  await operation();
  return performance.now() - start;
}
