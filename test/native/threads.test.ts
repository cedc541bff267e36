import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { loadNative } from '../../lib/native.js';
import { ADDON, child, codeOf, run, STARTUP, SUCCESS, temporaryDirectory } from './support.js';

const native = loadNative();

function tpmThread(mode: 'hold' | 'busy' | 'leave' | 'repeat', directory: string): Worker {
  return new Worker(child('tpm-thread.mjs'), { workerData: { addon: ADDON, directory, mode } });
}

/** Opens the software TPM on this thread: it is free, and works. */
async function useHere(directory: string): Promise<void> {
  const tpm = await native.openLibtpms(directory);
  expect(codeOf(await tpm.transmit(STARTUP))).toBe(SUCCESS);
  await tpm.close();
}

test('four threads take turns with the one TPM, each opening and closing it ten times', async () => {
  const workers = Array.from({ length: 4 }, () => tpmThread('repeat', temporaryDirectory()));
  const ended = workers.map((worker) => once(worker, 'exit'));
  const messages = await Promise.all(workers.map((worker) => once(worker, 'message')));
  expect(messages).toEqual(Array(4).fill(['done']));
  expect(await Promise.all(ended)).toEqual(Array(4).fill([0]));
  await useHere(temporaryDirectory());
});

test('another thread is refused while one holds the TPM, and gets it when that one is ended', async () => {
  const directory = temporaryDirectory();
  const worker = tpmThread('hold', directory);
  await once(worker, 'message');
  await expect(native.openLibtpms(directory)).rejects.toMatchObject({ code: 'LIBTPMS_BUSY' });
  await worker.terminate();
  await useHere(directory);
});

test('a thread ended amid slow commands gives the TPM back whole', async () => {
  const directory = temporaryDirectory();
  for (let i = 0; i < 3; i += 1) {
    const worker = tpmThread('busy', directory);
    await once(worker, 'message');
    await worker.terminate();
    await useHere(directory);
  }
});

test('an open but idle transport keeps no thread alive', async () => {
  const directory = temporaryDirectory();
  const worker = tpmThread('leave', directory);
  const [code] = (await once(worker, 'exit')) as [number];
  expect(code).toBe(0);
  await useHere(directory);
});

test.each(['fall off the end', 'call process.exit', 'call process.exit amid a command'])(
  'a process with an open TPM can %s',
  async (ending) => {
    const script = `
      const addon = require(${JSON.stringify(ADDON)});
      const slow = Buffer.from('8002000000430000013140000001000000094000000900000000000004000000000' +
        '01a0001000b00030472000000060080004300100800000000000000000000000000', 'hex');
      addon.openLibtpms(process.argv[1]).then(async (tpm) => {
        await tpm.transmit(Buffer.from('${STARTUP.toString('hex')}', 'hex'));
        console.log('open');
        const ending = process.argv[2];
        if (ending === 'fall off the end') return;
        if (ending.endsWith('amid a command')) {
          for (let i = 0; i < 50; i += 1) tpm.transmit(slow);
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
        process.exit(0);
      });`;
    const { stdout, stderr } = await run(
      process.execPath,
      ['-e', script, temporaryDirectory(), ending],
      { timeout: 20_000 },
    );
    expect({ stdout, stderr }).toEqual({ stdout: 'open\n', stderr: '' });
  },
);

test('transports that nobody closed are closed when they are collected, pending work first', async () => {
  const script = `
    const addon = require(${JSON.stringify(ADDON)});
    const startup = Buffer.from('${STARTUP.toString('hex')}', 'hex');
    async function use() {
      const tpm = await addon.openLibtpms(process.argv[1]);
      const answers = Array.from({ length: 20 }, () => tpm.transmit(startup));
      globalThis.gc();
      return Promise.all(answers);
    }
    async function again() {
      for (let i = 0; i < 200; i += 1) {
        globalThis.gc();
        await new Promise(setImmediate);
        try {
          return await use();
        } catch (error) {
          if (error.code !== 'LIBTPMS_BUSY') throw error;
        }
      }
      throw new Error('It was never collected');
    }
    (async () => {
      const counts = [];
      for (let i = 0; i < 5; i += 1) counts.push((await again()).length);
      console.log(counts.join());
    })();`;
  const directory = temporaryDirectory();
  const { stdout } = await run(process.execPath, ['--expose-gc', '-e', script, directory]);
  expect(stdout).toBe('20,20,20,20,20\n');
});
