import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { tryClaimCreation } from '../../../lib/backend/windows/creation-lock.js';
import { expectError } from '../../support/expect-error.js';
import { cardOptions, openManager } from '../../support/store.js';
import { Lab } from '../support/lab.js';

const CHILD = fileURLToPath(new URL('./children/hold-claim.mjs', import.meta.url));
const LOCK = join(process.env['ProgramData'] ?? '', 'virtual-smartcard', 'ensure.lock');

/** Another process that is in the middle of an ensure. */
async function holder(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [CHILD, LOCK], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill());
  await once(child.stdout as NonNullable<typeof child.stdout>, 'data');
  return child;
}

test('ensure waits for another process, and goes on when that was ended', async () => {
  await Lab.fresh();
  const manager = await openManager('');
  const child = await holder();
  expect(await tryClaimCreation()).toBeUndefined();
  const options = cardOptions();
  let isDone = false;
  const ensuring = manager.ensure(options).finally(() => {
    isDone = true;
  });
  await delay(500);
  expect([isDone, await manager.list()]).toEqual([false, []]);
  child.kill();
  expect((await ensuring).created).toBe(true);
  expect((await manager.ensure(options)).created).toBe(false);
});

test('whoever waits can stop waiting', async () => {
  await Lab.fresh();
  const manager = await openManager('');
  await holder();
  const signal = AbortSignal.timeout(300);
  await expectError(manager.ensure({ ...cardOptions(), signal }), 'ERR_ABORTED');
  expect(await manager.list()).toEqual([]);
});
