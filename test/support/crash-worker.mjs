// Performs one operation on a store, as the job on standard input asks, so that a test can kill it
// in the middle. It reports on standard output, one JSON document a line; a key is reported only
// once the library has confirmed it. Afterwards it waits for its end, or for that of its parent.
import { execFileSync } from 'node:child_process';
import { existsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { AdminKey, VirtualSmartCardManager } from '../../dist/index.js';

/** Secrets come in hexadecimal. */
const secret = (hex) => Buffer.from(hex, 'hex');

const OPERATIONS = {
  open: ({ open }) => open(),
  async create({ manager, job }) {
    const card = await manager.create({
      name: job.name,
      pin: secret(job.pin),
      adminKey: AdminKey.fromHex(job.adminKey),
      ...(job.puk ? { puk: secret(job.puk) } : {}),
    });
    say({ event: 'card', instanceId: card.instanceId });
  },
  async enroll({ card, job }) {
    sayKey((await card.enroll(job.inf, { pin: secret(job.pin) })).key);
  },
  async createRequest({ card, job }) {
    sayKey((await card.createRequest(job.inf, { pin: secret(job.pin) })).key);
  },
  changePin: ({ card, job }) => card.changePin(secret(job.pin), secret(job.newPin)),
  deleteKey: ({ card, job }) => card.deleteKey(job.container, { pin: secret(job.pin) }),
  destroy: ({ manager, job }) => manager.destroy(job.instanceId),
  unblockByAdminKey: ({ card, job }) =>
    card.unblock({ adminKey: AdminKey.fromHex(job.adminKey), newPin: secret(job.newPin) }),
  unblockByPuk: ({ card, job }) =>
    card.unblock({ puk: secret(job.puk), newPin: secret(job.newPin) }),
  verifyPin: ({ card, job }) => card.verifyPin(secret(job.pin)),
  async nothing() {
    // Only holds the store.
  },
};

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const job = JSON.parse((await lines.next()).value);
try {
  await perform(job);
} catch (error) {
  say({ event: 'failed', ...failure(error) });
}
// Ends when the parent does, should it not come to kill this process.
await lines.next();

async function perform(job) {
  const { stateDirectory, tpm } = job;
  const open = () => VirtualSmartCardManager.open({ backend: 'embedded', stateDirectory, tpm });
  const manager = job.operation === 'open' ? undefined : await open();
  const isOnCard = job.instanceId !== undefined && job.operation !== 'destroy';
  const card = isOnCard ? await manager.card(job.instanceId) : undefined;
  if (job.fileSizeLimit !== undefined) limitFileSize(job.fileSizeLimit);
  say({ event: 'begin', pid: process.pid });
  // Asked for a file of this name: the mark from which a system call trace is counted.
  existsSync(join(stateDirectory, 'begin'));
  const began = performance.now();
  try {
    await OPERATIONS[job.operation]({ open, manager, card, job });
    say({ event: 'done', milliseconds: performance.now() - began });
  } catch (error) {
    say({ event: 'rejected', milliseconds: performance.now() - began, ...failure(error) });
  }
  if (!job.closes) return;
  await manager.close();
  say({ event: 'closed' });
}

/** From now on a write beyond that size fails (RLIMIT_FSIZE; Node ignores the signal). */
function limitFileSize(bytes) {
  execFileSync('prlimit', [`--pid=${process.pid}`, `--fsize=${bytes}:`]);
}

function failure({ code, triesLeft, holderPid, message, stack }) {
  return { code, triesLeft, holderPid, message, stack };
}

function sayKey({ container, publicKey }) {
  const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  say({ event: 'key', container, publicKey: spki });
}

/** Written at once: what was said before a kill has been said. */
function say(document) {
  writeSync(1, `${JSON.stringify(document)}\n`);
}
