import { onTestFinished } from 'vitest';
import { openServedBackend } from '../../lib/backend/served/served-backend.js';
import { VirtualSmartCardManager } from '../../lib/index.js';

/** A manager that works through the service of a directory, also where this process is the service. */
export async function openServed(stateDirectory: string): Promise<VirtualSmartCardManager> {
  const manager = VirtualSmartCardManager.over(await openServedBackend(stateDirectory, undefined));
  onTestFinished(() => manager.close());
  return manager;
}
