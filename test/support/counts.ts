/**
 * How often a long check repeats: `short` times in `npm test`, `full` times in `npm run test:soak`,
 * which runs the files that import this one.
 *
 * @example
 * ```ts
 * const kills = count(10, 200);
 * ```
 */
export function count(short: number, full: number): number {
  return process.env['VSC_SOAK'] === '1' ? full : short;
}
