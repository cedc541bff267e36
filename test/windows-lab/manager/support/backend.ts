import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { Backend, CreateRequest } from '../../../../lib/backend/backend.js';
import {
  openWindowsBackend,
  type WindowsBackendOptions,
} from '../../../../lib/backend/windows/windows-backend.js';
import { PinPolicy } from '../../../../lib/pin-policy.js';

/** Statuses of a create that makes the file system, in their order. */
export const CREATED = [0, 1, 3, 4, 6, 7, 9, 10, 11, 12];

/** The windows backend, closed after the test. */
export async function openBackend(options: WindowsBackendOptions = {}): Promise<Backend> {
  const backend = await openWindowsBackend(options);
  onTestFinished(() => backend.close());
  return backend;
}

/** A request that is in order, with changes. */
export function request(changes: Partial<CreateRequest> = {}): CreateRequest {
  return {
    name: 'Lab card',
    pin: Buffer.from('12345678'),
    puk: undefined,
    adminKey: randomBytes(24),
    pinPolicy: PinPolicy.from(),
    generate: true,
    allowKeyImport: false,
    antiHammering: 'block',
    ...changes,
  };
}

/** Waits until it is so; throws when it does not become so. */
export async function until(isSo: () => Promise<boolean>, what: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (await isSo()) return;
    await delay(50);
  }
  throw new Error(`It did not come to this: ${what}`);
}
