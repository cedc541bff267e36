// What the other examples share: a card on a TPM in software, in a folder of its own. Both are gone
// afterwards, and your own cards are left alone.
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AdminKey, VirtualSmartCardManager } from 'virtual-smartcard';

/** Makes a card, runs `use` with it and its PIN, and destroys it. */
export async function withCard(use) {
  const folder = await mkdtemp(join(tmpdir(), 'virtual-smartcard-example-'));
  try {
    const manager = await VirtualSmartCardManager.open({
      backend: 'embedded',
      stateDirectory: join(folder, 'store'),
      tpm: 'libtpms',
    });
    try {
      const pin = String(randomInt(10 ** 8)).padStart(8, '0');
      const adminKey = AdminKey.random();
      const card = await manager.create({ name: 'Example', pin, adminKey, generate: true });
      await use(card, pin);
      await manager.destroy(card.instanceId);
    } finally {
      await manager.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
