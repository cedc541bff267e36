import { defineConfig } from 'vitest/config';

// A card takes its time over an RSA key.
const timeout = 10 * 60 * 1000;

/** `npm run test:reader`: not part of `npm test`, since it needs a card of whoever runs it. */
export default defineConfig({
  test: {
    include: ['test/reader/*.check.ts'],
    globalSetup: 'test/reader/prepare.ts',
    pool: 'forks',
    // There is one card, and the order of its tests matters to no one but it.
    fileParallelism: false,
    reporters: ['verbose'],
    testTimeout: timeout,
    hookTimeout: timeout,
    allowOnly: false,
    passWithNoTests: false,
    expect: { requireAssertions: true },
  },
});
