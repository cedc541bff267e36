// Arguments: the addon, a directory. Uses everything that the addon offers, right and wrong, on the
// main thread and on worker threads, for a run under the sanitizers. Fails when something unexpected
// happens; says "ready" at its end.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import {
  allocate,
  codeOf,
  createPrimary,
  flush,
  GET_RANDOM,
  handleOf,
  load,
  STARTUP,
  seal,
  setRecoveryTime,
  unseal,
} from './tpm-commands.mjs';

const [, , addonPath, directory] = process.argv;
const addon = createRequire(import.meta.url)(addonPath);
const state = folder('state');

await useSecrets();
await refuseWrongCalls();
await queueMany();
await failToStore();
await refuseDamagedState();
useLocks();
await useDevice();
await endThreads();
await collectGarbage();
console.log('ready');

function folder(name) {
  const path = join(directory, name);
  mkdirSync(path);
  return path;
}

async function started(path) {
  const tpm = await addon.openLibtpms(path);
  assert.equal(codeOf(await tpm.transmit(STARTUP)), 0);
  return tpm;
}

async function useSecrets() {
  const tpm = await started(state);
  const [authValue, data] = [allocate(32).fill(0xa1), allocate(32).fill(0xd2)];
  const parent = handleOf(await tpm.transmit(createPrimary('ECC')));
  const created = await tpm.transmit(seal(parent, authValue, data));
  const object = handleOf(await tpm.transmit(load(parent, created)));
  const opened = await tpm.transmit(unseal(object, authValue));
  assert(opened.subarray(16, 48).equals(data));
  await tpm.transmit(flush(object));
  await tpm.forget([authValue, data]);
  assert.equal(codeOf(await tpm.transmit(createPrimary('RSA'))), 0);
  await tpm.close();
}

async function refuseWrongCalls() {
  const tpm = await started(state);
  const wrong = [undefined, 'text', Buffer.alloc(3), Buffer.alloc(5000), new Uint16Array(9), {}];
  for (const value of wrong) {
    await assert.rejects(tpm.transmit(value), { code: 'INVALID_ARGUMENT' });
    await assert.rejects(tpm.forget(value), { code: 'INVALID_ARGUMENT' });
    await assert.rejects(tpm.forget([value]), { code: 'INVALID_ARGUMENT' });
    if (typeof value === 'string') continue;
    await assert.rejects(addon.openLibtpms(value), { code: 'INVALID_ARGUMENT' });
    await assert.rejects(addon.openDevice(value), { code: 'INVALID_ARGUMENT' });
    assert.throws(() => addon.lockFile(value), { code: 'INVALID_ARGUMENT' });
  }
  assert.throws(() => new tpm.constructor(), TypeError);
  await assert.rejects(addon.openLibtpms(state), { code: 'LIBTPMS_BUSY' });
  // No TPM command, of every length.
  for (let size = 10; size < 200; size += 7) await tpm.transmit(Buffer.alloc(size, size));
  await tpm.close();
  await assert.rejects(tpm.transmit(GET_RANDOM), { code: 'CLOSED' });
  await assert.rejects(addon.openLibtpms(join(directory, 'missing')), { code: 'ENOENT' });
}

async function queueMany() {
  const tpm = await started(state);
  const answers = Array.from({ length: 500 }, () => tpm.transmit(GET_RANDOM));
  const closed = tpm.close();
  for (const answer of await Promise.all(answers)) assert.equal(codeOf(answer), 0);
  await closed;
}

async function failToStore() {
  const path = folder('full');
  const tpm = await started(path);
  execFileSync('prlimit', ['--fsize=1000:unlimited', `--pid=${process.pid}`]);
  await assert.rejects(tpm.transmit(setRecoveryTime(7)), { code: 'STATE_IO' });
  execFileSync('prlimit', ['--fsize=unlimited', `--pid=${process.pid}`]);
  await assert.rejects(tpm.transmit(GET_RANDOM), { code: 'STATE_IO' });
  await tpm.close();
  await (await started(path)).close();
}

async function refuseDamagedState() {
  const path = folder('damaged');
  await (await started(path)).close();
  const sound = readFileSync(join(path, 'permall'));
  for (const size of [0, 1, 16, 17, sound.length - 1]) {
    writeFileSync(join(path, 'permall'), sound.subarray(0, size));
    await assert.rejects(addon.openLibtpms(path), { code: 'STATE_CORRUPT' });
  }
}

function useLocks() {
  const path = join(directory, 'lock');
  const lock = addon.lockFile(path);
  assert.throws(() => addon.lockFile(path), { code: 'LOCK_HELD', holderPid: process.pid });
  lock.release();
  lock.release();
  addon.lockFile(path);
}

async function useDevice() {
  const path = join(directory, 'device');
  execFileSync('mkfifo', [path]);
  const device = await addon.openDevice(path);
  assert((await device.transmit(GET_RANDOM)).equals(GET_RANDOM));
  await assert.rejects(device.transmit(Buffer.alloc(30)), { code: 'EIO' });
  await device.forget([Buffer.alloc(16)]);
  await device.close();
  await assert.rejects(addon.openDevice(directory), { code: 'EISDIR' });
}

async function endThreads() {
  for (const mode of ['hold', 'busy', 'leave', 'repeat']) {
    await endThread('tpm-thread.mjs', { directory: state, mode });
  }
  execFileSync('mkfifo', [join(directory, 'silent')]);
  await endThread('device-thread.mjs', { path: join(directory, 'silent') });
  await endThread('lock-thread.mjs', { path: join(directory, 'lock-of-thread') });
  addon.lockFile(join(directory, 'lock-of-thread')).release();
}

async function endThread(script, data) {
  const worker = new Worker(new URL(script, import.meta.url), {
    workerData: { addon: addonPath, ...data },
  });
  await once(worker, 'message');
  await worker.terminate();
}

async function collectGarbage() {
  const answers = [];
  for (let i = 0; i < 20; i += 1) {
    const device = await addon.openDevice('/dev/null');
    answers.push(device.transmit(GET_RANDOM).catch((error) => error.code));
    globalThis.gc();
  }
  assert.deepEqual(await Promise.all(answers), Array(20).fill('EIO'));
  globalThis.gc();
  await new Promise(setImmediate);
}
