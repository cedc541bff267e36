// On Windows: asks the system for its virtual smart cards and makes one, on a machine of which nothing
// is known: perhaps without a TPM, perhaps without an administrator. Every answer is good that is a
// card (which is destroyed again) or an error of the library; a crash, a hang or another error is not.
import { randomUUID } from 'node:crypto';
import { AdminKey, VirtualSmartCardError, VirtualSmartCardManager } from '../dist/index.js';

const manager = await VirtualSmartCardManager.open();
try {
  await answer('TPM', () => manager.tpmStatus());
  await answer('cards', () => manager.list());
  await answer('new card', createAndDestroy);
} finally {
  await manager.close();
}

async function createAndDestroy() {
  const signal = AbortSignal.timeout(5 * 60_000);
  const options = { name: 'A card for a moment', pin: randomUUID(), adminKey: AdminKey.random() };
  const card = await manager.create({ ...options, signal });
  await manager.destroy(card.instanceId);
  return card.instanceId;
}

async function answer(what, ask) {
  try {
    console.log(`${what}:`, await ask());
  } catch (error) {
    if (!(error instanceof VirtualSmartCardError)) throw error;
    console.log(`${what}: ${error.code}: ${error.message}`);
  }
}
