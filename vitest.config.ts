import { defineConfig } from 'vitest/config';

/** `npm run test:soak`: the full counts of the long checks, which take hours and not seconds. */
const soak = process.env['VSC_SOAK'] === '1';

// A software TPM takes up to a second for an RSA key, and a busy machine many times that.
const timeout = soak ? 4 * 60 * 60 * 1000 : 2 * 60 * 1000;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Those run inside Node for Windows: `npm run test:windows`.
    exclude: ['test/windows-lab/**'],
    // A process for each file: libtpms exists once per process, and some tests end theirs.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: timeout,
    hookTimeout: timeout,
    // Long enough for a test's own TPM to be shut down in order.
    teardownTimeout: 30 * 1000,
    allowOnly: false,
    passWithNoTests: false,
    // A test that asserts nothing cannot fail.
    expect: { requireAssertions: true },
  },
});
