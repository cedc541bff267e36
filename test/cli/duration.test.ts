import { expect, it } from 'vitest';
import { formatDuration } from '../../lib/duration.js';

it.each([
  [0, 'no time'],
  [1, '1 second'],
  [1_000, '1 second'],
  [59_001, '60 seconds'],
  [60_000, '1 minute'],
  [61_000, '1 minute 1 second'],
  [600_000, '10 minutes'],
  [5_401_000, '1 hour 31 minutes'],
  [86_400_000, '1 day'],
  [7_200_000 + 172_800_000, '2 days 2 hours'],
])('says %d ms as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});
