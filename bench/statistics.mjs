/** Median of numbers in any order. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The value below which that share (0 to 1) of the numbers lies. */
export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

/**
 * Ratio of the medians of two series measured in pairs, with its 95 % interval by the bootstrap:
 * pairs are drawn with replacement, so that what disturbed both sides of a pair stays together.
 */
export function ratioOfMedians(numerators, denominators, rounds = 2000) {
  const count = numerators.length;
  const ratios = Array.from({ length: rounds }, () => {
    const drawn = Array.from({ length: count }, () => Math.floor(Math.random() * count));
    return median(drawn.map((at) => numerators[at])) / median(drawn.map((at) => denominators[at]));
  });
  return {
    ratio: median(numerators) / median(denominators),
    low: percentile(ratios, 0.025),
    high: percentile(ratios, 0.975),
  };
}

/** Slope of y over x by least squares. */
export function slope(points) {
  const mean = (pick) => points.reduce((sum, point) => sum + pick(point), 0) / points.length;
  const meanX = mean(([x]) => x);
  const meanY = mean(([, y]) => y);
  const covariance = mean(([x, y]) => (x - meanX) * (y - meanY));
  return covariance / mean(([x]) => (x - meanX) ** 2);
}
