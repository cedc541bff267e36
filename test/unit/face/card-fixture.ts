import { randomInt } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { AdminKey, type CreateOptions, type VirtualSmartCard } from '../../../lib/index.js';
import type { VirtualSmartCardManager } from '../../../lib/manager.js';
import { MemoryBackend } from './memory-backend.js';

export interface CardFixture {
  backend: MemoryBackend;
  manager: VirtualSmartCardManager;
  card: VirtualSmartCard;
  pin: string;
  /** What a PIN is given as: `{ pin }`. */
  withPin: { pin: string };
  wrongPin: string;
  adminKey: AdminKey;
}

/** Random digits. */
export function randomDigits(length = 8): string {
  return Array.from({ length }, () => String(randomInt(10))).join('');
}

/** A new card in memory, with random secrets; everything is closed when the test ends. */
export async function makeCard(options: Partial<CreateOptions> = {}): Promise<CardFixture> {
  const backend = new MemoryBackend();
  const manager = backend.manager();
  onTestFinished(() => manager.close());
  const pin = randomDigits();
  const adminKey = AdminKey.random();
  const card = await manager.create({ name: 'Test card', pin, adminKey, ...options });
  const wrongPin = `${pin.slice(1)}x`;
  return { backend, manager, card, pin, withPin: { pin }, wrongPin, adminKey };
}
