import { setTimeout as delay } from 'node:timers/promises';
import { AdminKey } from '../dist/index.js';
import { slope } from './statistics.mjs';

/** Bytes that an open card costs: the slope of heap and external memory over open card objects. */
export async function benchMemory(tpm, { cards }) {
  const pin = '12345678';
  const made = await tpm.manager.create({ name: 'Bench', pin, adminKey: AdminKey.random() });
  const open = [];
  const points = [];
  for (let count = 0; count < cards; count++) {
    const card = await tpm.manager.card(made.instanceId);
    await card.verifyPin(pin);
    open.push(card);
    if (count % 50 === 49) points.push([open.length, await usedBytes()]);
  }
  for (const card of open) await card.close();
  await tpm.manager.destroy(made.instanceId);
  return { cards, bytesPerCard: slope(points) };
}

async function usedBytes() {
  if (!globalThis.gc) throw new Error('run with --expose-gc');
  globalThis.gc();
  await delay(5);
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
