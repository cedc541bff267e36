import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PACKAGES = fileURLToPath(new URL('../../build/windows-lab/packages/', import.meta.url));

// For vitest inside Wine. It imports nothing of vitest: what would be found from here is what was
// installed for the machine outside.
export default {
  root: ROOT,
  cacheDir: `${PACKAGES}.vite`,
  resolve: { alias: { vitest: `${PACKAGES}node_modules/vitest/dist/index.js` } },
  test: {
    include: ['test/windows-lab/**/*.test.ts', 'test/behaviour/**/*.test.ts'],
    // build/ has the addon for the machine outside.
    env: { PREBUILDS_ONLY: '1' },
    pool: 'forks',
    // The lab is one machine with one set of cards.
    fileParallelism: false,
    // `npm run test:soak` has counts that take long; the harness's watchdog ends what stands still.
    testTimeout: process.env.VSC_SOAK === '1' ? 4 * 60 * 60_000 : 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    allowOnly: false,
    passWithNoTests: false,
    expect: { requireAssertions: true },
  },
};
