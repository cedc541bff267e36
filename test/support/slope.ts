/** How much of something a process had after so many cycles. */
export type Sample = [cycle: number, amount: number];

/** Growth per cycle, by least squares over the last 80 % of the samples. */
export function slope(samples: readonly Sample[]): number {
  const points = samples.slice(Math.floor(samples.length * 0.2));
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const x = mean(points.map(([cycle]) => cycle));
  const y = mean(points.map(([, amount]) => amount));
  const covariance = mean(points.map(([cycle, amount]) => (cycle - x) * (amount - y)));
  return covariance / mean(points.map(([cycle]) => (cycle - x) ** 2));
}
