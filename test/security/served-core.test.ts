import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { occurrences, takeCore } from '../support/core-file.js';
import { ServeProcess } from '../support/serve-process.js';
import { randomPin, temporaryDirectory } from '../support/store.js';

const CLIENT = fileURLToPath(new URL('children/core-child.mjs', import.meta.url));

test('a core of a locked card, of the service and of its client, does not hold the PIN', async () => {
  const directory = await temporaryDirectory();
  const cores = await temporaryDirectory();
  const server = await ServeProcess.start(directory);
  const pin = randomPin(12);
  const client = spawn(process.execPath, [CLIENT, directory], {
    stdio: ['pipe', 'pipe', 'inherit', 'pipe', 'pipe'],
  });
  onTestFinished(() => void client.kill('SIGKILL'));
  (client.stdio[3] as Writable).end(pin);
  (client.stdio[4] as Readable).resume();
  const lines = createInterface({ input: client.stdout as Readable })[Symbol.asyncIterator]();
  const search = async (pid: number, value: Uint8Array) => {
    const path = await takeCore(pid, cores);
    const found = await occurrences(path, value);
    await rm(path);
    return found;
  };

  expect((await lines.next()).value).toBe('open');
  // The client's own bytes, and a name that the service knows: the search works.
  expect(await search(client.pid ?? 0, pin)).toBeGreaterThan(0);
  expect(await search(server.pid, Buffer.from('"name":"Core"'))).toBeGreaterThan(0);
  expect(await search(server.pid, pin), 'PIN in the service, verified').toBe(0);
  client.stdin?.write('\n');
  expect((await lines.next()).value).toBe('locked');
  expect(await search(server.pid, pin), 'PIN in the service').toBe(0);
  expect(await search(client.pid ?? 0, pin), 'PIN in the client').toBe(0);
  client.stdin?.write('\n');
  expect((await lines.next()).value).toBe('closed');
  client.stdin?.end();
  await once(client, 'exit');
});
