// Creates cards, signs with them and destroys them, on a store that another process serves, until the
// time on the command line is over. Prints what it did as JSON; a wrong answer ends it with an error.
import { randomBytes, verify } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AdminKey, VirtualSmartCardManager } from '../../dist/index.js';

const [stateDirectory, milliseconds, name] = process.argv.slice(2);
const end = Date.now() + Number(milliseconds);
const did = { created: 0, signed: 0, destroyed: 0, gone: 0 };
const pin = Buffer.from('12345678');
const manager = await VirtualSmartCardManager.open({ backend: 'embedded', stateDirectory });

while (Date.now() < end) {
  const card = await untilServed(createOnce);
  if (card === undefined) continue;
  await untilServed(() => useOnce(card));
  await untilServed(() => destroyOnce(card.instanceId));
}
await manager.close();
console.log(JSON.stringify(did));

/** A card of this process's own name: one that a lost answer left is found again by it. */
async function createOnce() {
  const left = (await manager.list()).find((card) => card.name === name);
  if (left) await destroyOnce(left.instanceId);
  try {
    const card = await manager.create({ name, pin, adminKey: AdminKey.random() });
    did.created++;
    return card;
  } catch (error) {
    // The other processes have the ten.
    if (error.code !== 'ERR_CARD_LIMIT') throw error;
    await sleep(20);
    return undefined;
  }
}

async function useOnce(card) {
  const { publicKey, container } = await card.createKey({ algorithm: 'EC-P256' }, { pin });
  const key = await card.key(container);
  for (let round = 0; round < 5; round++) {
    const data = randomBytes(100);
    const signature = await key.sign('ECDSA-SHA256', data, { pin });
    if (!verify('sha256', data, publicKey, signature)) throw new Error('a wrong signature');
    did.signed++;
  }
}

async function destroyOnce(instanceId) {
  const mine = (await manager.list()).find((card) => card.instanceId === instanceId);
  // Destroyed by a call whose answer was lost; the place may have another's card by now.
  if (mine?.name !== name) return;
  await manager.destroy(instanceId);
  did.destroyed++;
}

/** Tries again while the service is away; everything else is a failure. */
async function untilServed(work) {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (error.code !== 'ERR_SERVICE_GONE') throw error;
      did.gone++;
      await sleep(50);
    }
  }
}
