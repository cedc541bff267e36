import { onTestFinished } from 'vitest';
import { type AuditEvent, VirtualSmartCardManager } from '../../lib/index.js';

/** A manager on a software TPM whose acts are recorded, and the events so far. */
export async function openAuditedManager(
  stateDirectory: string,
  file?: string,
): Promise<{ manager: VirtualSmartCardManager; events: AuditEvent[] }> {
  const events: AuditEvent[] = [];
  const manager = await VirtualSmartCardManager.open({
    backend: 'embedded',
    stateDirectory,
    tpm: 'libtpms',
    audit: { file, onEvent: (event) => void events.push(event) },
  });
  onTestFinished(() => manager.close());
  return { manager, events };
}

/** Events as `act outcome`. */
export function told(events: readonly AuditEvent[]): string[] {
  return events.map(({ act, outcome }) => `${act} ${outcome}`);
}
