import { createHash, randomBytes, verify } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runProgram } from '../support/cli.js';
import { count } from '../support/counts.js';
import { until } from '../support/pcsc.js';
import { Pcscd } from '../support/pcscd.js';
import { ServeProcess } from '../support/serve-process.js';
import { cardOptions, openManager, temporaryDirectory } from '../support/store.js';

const READER = 'Virtual Smart Card 00 00';
const ROUNDS = count(3, 30);

test('OpenSC and clients of serve use a card at once, and the service is killed in between', async () => {
  const pcscd = await Pcscd.start();
  const directory = await temporaryDirectory();
  const serve = () =>
    ServeProcess.start(directory, 'libtpms', ['--publish', '--directory', pcscd.places.directory]);
  let server = await serve();
  const manager = await openManager(directory);
  const { pin, ...options } = cardOptions();
  const card = await manager.create({ ...options, pin });
  const key = await card.createKey({ container: 'Both', algorithm: 'RSA-2048' }, { pin });
  const data = randomBytes(100);
  const [input, output] = [join(directory, 'digest'), join(directory, 'signature')];
  const prefix = Buffer.from('3031300d060960864801650304020105000420', 'hex');
  await writeFile(input, Buffer.concat([prefix, createHash('sha256').update(data).digest()]));
  const isIn = async () => (await manager.info(card.instanceId)).readerName === READER;

  for (let round = 0; round < ROUNDS; round++) {
    await until(isIn);
    await until(async () => (await runProgram(['opensc-tool', '-r', READER, '-a'])).exitCode === 0);
    const bySc = runProgram([
      'pkcs11-tool',
      '--module',
      'opensc-pkcs11.so',
      ...['--login', '--pin', pin.toString(), '--sign', '--mechanism', 'RSA-PKCS'],
      ...['--input-file', input, '--output-file', output],
    ]);
    let ours = 0;
    let running = true;
    const byClients = (async () => {
      while (running || ours === 0) {
        const signature = await key.sign('RSA-SHA256', data, { pin });
        expect(verify('sha256', data, key.publicKey, signature)).toBe(true);
        ours++;
      }
    })();
    const { exitCode, stdout, stderr } = await bySc;
    running = false;
    await byClients;
    expect(exitCode, stdout + stderr).toBe(0);
    expect(verify('sha256', data, key.publicKey, await readFile(output))).toBe(true);
    await server.kill();
    server = await serve();
  }
  await until(isIn);
  await manager.destroy(card.instanceId);
  expect(await manager.list()).toEqual([]);
});
