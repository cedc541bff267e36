import { createHash, randomBytes, verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { VirtualSmartCardKey } from '../../lib/index.js';
import { runProgram } from '../support/cli.js';
import { count } from '../support/counts.js';
import { FIRST_READER, file, inserted, OPENSC_MODULE } from '../support/opensc.js';
import { Pcscd } from '../support/pcscd.js';
import { ServeProcess } from '../support/serve-process.js';
import { serveWorker } from '../support/serve-worker.js';
import { cardOptions, openManager, temporaryDirectory } from '../support/store.js';

const PROCESSES = 4;
const MILLISECONDS = count(10_000, 60_000);
const KILLS = count(1, 3);

/** DER that goes before a SHA-256 digest in a PKCS #1 signature (RFC 8017, 9.2). */
const DIGEST_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex');

/** Signs by OpenSC, once after the other, until it is told to stop. */
class OpenScSigner {
  signed = 0;
  /** Runs that failed: allowed only while the service was away. */
  readonly failures: { from: number; to: number; said: string }[] = [];
  #running = true;

  async run(directory: string, key: VirtualSmartCardKey, pin: Uint8Array): Promise<void> {
    const output = join(directory, 'signature');
    while (this.#running) {
      const data = randomBytes(100);
      const digest = createHash('sha256').update(data).digest();
      const input = await file(directory, 'digest', Buffer.concat([DIGEST_INFO, digest]));
      const from = Date.now();
      const run = await runProgram([
        ...['pkcs11-tool', '--module', OPENSC_MODULE, '--login', '--pin', pin.toString()],
        ...['--sign', '--mechanism', 'RSA-PKCS', '--label', key.container],
        ...['--input-file', input, '--output-file', output],
      ]);
      if (run.exitCode !== 0) {
        this.failures.push({ from, to: Date.now(), said: run.stdout + run.stderr });
        continue;
      }
      expect(verify('sha256', data, key.publicKey, await readFile(output))).toBe(true);
      this.signed += 1;
    }
  }

  stop(): void {
    this.#running = false;
  }
}

test('four processes and OpenSC work on one store while the service is killed and restarted', async () => {
  const pcscd = await Pcscd.start();
  const directory = await temporaryDirectory();
  const scratch = await temporaryDirectory();
  const published = ['--publish', '--directory', pcscd.places.directory];
  const serve = () => ServeProcess.start(directory, 'libtpms', published);
  let server = await serve();
  const manager = await openManager(directory);
  const { pin, ...options } = cardOptions({ name: 'OpenSC' });
  const card = await manager.create({ ...options, pin });
  const key = await card.createKey({ container: 'Both', algorithm: 'RSA-2048' }, { pin });
  await inserted(FIRST_READER);

  const opensc = new OpenScSigner();
  const signing = opensc.run(scratch, key, pin as Buffer);
  const workers = Promise.all(
    Array.from({ length: PROCESSES }, (_, number) =>
      serveWorker(directory, MILLISECONDS, `Worker ${number}`),
    ),
  );
  const away: { from: number; to: number }[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(MILLISECONDS / (KILLS + 1));
    const from = Date.now();
    await server.kill();
    server = await serve();
    await inserted(FIRST_READER);
    away.push({ from, to: Date.now() });
  }
  const done = await workers;
  opensc.stop();
  await signing;

  for (const did of done) {
    expect(did.created).toBeGreaterThan(0);
    expect(did.signed).toBeGreaterThan(0);
  }
  expect(opensc.signed).toBeGreaterThan(KILLS);
  const unexplained = opensc.failures.filter(
    (run) => !away.some(({ from, to }) => run.from < to && from < run.to),
  );
  expect(unexplained).toEqual([]);
  console.log(
    `${done.map(({ created, signed }) => `${created} cards and ${signed} signatures`).join(', ')}; ` +
      `OpenSC: ${opensc.signed} signatures, ${opensc.failures.length} runs that met a kill`,
  );

  const left = await manager.list();
  expect(left.filter(({ state }) => state !== 'ready')).toEqual([]);
  expect(await card.pinTries()).toEqual({ left: 5, max: 5 });
  for (const { instanceId } of left) await manager.destroy(instanceId);
  expect(await manager.list()).toEqual([]);
});
