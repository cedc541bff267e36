import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { expectError } from '../support/expect-error.js';
import { openManager, serveStores, temporaryDirectory } from '../support/store.js';

/** The whole behaviour suite, as it stands, with each store served by a process of its own. */
const SUITE = new URL('../behaviour/', import.meta.url);

serveStores();

test('a manager that the suite opens works through another process', async () => {
  const manager = await openManager(await temporaryDirectory());
  const error = await expectError(manager.serve(), 'ERR_STATE_IN_USE');
  expect(error.holderPid).not.toBe(process.pid);
});

for (const name of readdirSync(SUITE).filter((each) => each.endsWith('.test.ts'))) {
  describe(`served: ${name}`, async () => {
    await import(new URL(name, SUITE).href);
  });
}
