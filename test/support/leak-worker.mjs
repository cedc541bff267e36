// Repeats one cycle of work and reports the process's resident set between cycles, garbage
// collected, as one JSON document: `node --expose-gc leak-worker.mjs '{"cycle":…}'`.
import { randomBytes, verify } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { AdminKey, VirtualSmartCardManager } from '../../dist/index.js';

const job = JSON.parse(process.argv[2]);
const pin = randomBytes(8).toString('hex').slice(0, 8);
const kept = [];
const STATUS = '/proc/self/status';

const CYCLES = {
  /** A key made, used and deleted. */
  async key() {
    const manager = await open();
    const card = await newCard(manager);
    return {
      cycle: () => useKey(card),
      end: () => manager.close(),
    };
  },
  /** A card made, used and destroyed. */
  async card() {
    const manager = await open();
    return {
      async cycle() {
        const card = await newCard(manager);
        await useKey(card);
        await manager.destroy(card.instanceId);
      },
      end: () => manager.close(),
    };
  },
  /** A manager opened and closed, its card used in between. */
  async manager() {
    const manager = await open();
    await (await newCard(manager)).createKey({ container: 'k', algorithm: 'EC-P256' }, { pin });
    await manager.close();
    return {
      async cycle() {
        const again = await open();
        await sign(await (await again.card()).key('k'));
        await again.close();
      },
      end: async () => undefined,
    };
  },
  /** Keeps memory on purpose, to show that the measurement sees it. */
  async leaking() {
    return { cycle: async () => void kept.push(randomBytes(job.bytes)), end: async () => kept };
  },
};

const { cycle, end } = await CYCLES[job.cycle]();
const samples = [];
for (let done = 0; done < job.cycles; done++) {
  await cycle();
  if (done % job.every !== 0) continue;
  globalThis.gc();
  samples.push([done, residentSet()]);
}
await end();
console.log(JSON.stringify(samples));

/**
 * In bytes. Without the pages of files, where the system tells them apart: it takes those of Node's own
 * program away when it needs room, by more than a leak adds.
 */
function residentSet() {
  if (!existsSync(STATUS)) return process.memoryUsage.rss();
  const [, kilobytes] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(STATUS, 'utf8'));
  return Number(kilobytes) * 1024;
}

function open() {
  const { stateDirectory } = job;
  return VirtualSmartCardManager.open({ backend: 'embedded', stateDirectory, tpm: 'libtpms' });
}

function newCard(manager) {
  return manager.create({ name: 'Leak', pin, adminKey: AdminKey.random() });
}

async function useKey(card) {
  const key = await card.createKey({ algorithm: 'EC-P256' }, { pin });
  await sign(key);
  await card.deleteKey(key.container, { pin });
}

async function sign(key) {
  const data = randomBytes(64);
  const signature = await key.sign('ECDSA-SHA256', data, { pin });
  if (!verify('sha256', data, key.publicKey, signature)) throw new Error('a wrong signature');
}
