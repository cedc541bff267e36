import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { count } from '../support/counts.js';
import { ServeProcess } from '../support/serve-process.js';
import { serveWorker } from '../support/serve-worker.js';
import { openManager, temporaryDirectory } from '../support/store.js';

const PROCESSES = 4;

test('processes create, sign and destroy at once while the service is killed and restarted', async () => {
  const time = count(6_000, 60_000);
  const directory = await temporaryDirectory();
  let server = await ServeProcess.start(directory);
  const workers = Promise.all(
    Array.from({ length: PROCESSES }, (_, number) =>
      serveWorker(directory, time, `Worker ${number}`),
    ),
  );
  const kills = count(2, 10);
  for (let kill = 0; kill < kills; kill++) {
    await Promise.race([sleep(time / (kills + 1)), workers]);
    await server.kill();
    server = await ServeProcess.start(directory);
  }
  const done = await workers;
  for (const did of done) {
    expect(did.created).toBeGreaterThan(0);
    expect(did.signed).toBeGreaterThan(0);
  }
  expect(done.reduce((sum, { gone }) => sum + gone, 0)).toBeGreaterThan(0);

  await server.stop();
  const owner = await openManager(directory);
  const cards = await owner.list();
  expect(cards.filter(({ state }) => state !== 'ready')).toEqual([]);
  // At most what a worker's last lost answer left.
  expect(new Set(cards.map(({ name }) => name)).size).toBe(cards.length);
  for (const { instanceId } of cards) await owner.destroy(instanceId);
  expect(readdirSync(join(directory, 'cards'))).toEqual([]);
});
