import { onTestFinished } from 'vitest';
import { AdminKey, VirtualSmartCardManager } from '../../../lib/index.js';
import { openBackend } from '../manager/support/backend.js';
import { Lab } from '../support/lab.js';

/** What a test lets a call of the smart card classes do: doubles/README.md. */
export interface RuntimePlan {
  delayMs?: number;
  hang?: true;
  result?: number;
  operation?: {
    never?: true;
    end?: 'completed' | 'canceled' | 'error';
    code?: number;
    nothing?: true;
    text?: string;
  };
}

export async function script(lab: Lab, call: string, ...plans: (RuntimePlan | null)[]) {
  await lab.request('script', { component: 'smartcards', call, plans });
}

/** A machine with one card. */
export async function oneCard() {
  const lab = await Lab.fresh();
  const manager = VirtualSmartCardManager.over(await openBackend({ certificateStore: 'none' }));
  onTestFinished(() => manager.close());
  const create = (name: string) =>
    manager.create({
      ...{ name, pin: '12345678', adminKey: AdminKey.random() },
      attestation: 'aikOnly',
    });
  const card = await create('Card');
  const readers = async () => (await manager.list()).map(({ readerName }) => readerName);
  return { lab, card, create, readers };
}

/** The calls of a kind that the classes have had. */
export async function calls(lab: Lab, call: string): Promise<Record<string, unknown>[]> {
  const recorded = await lab.recorded('smartcards');
  return recorded.filter((entry) => entry.call === call).map((entry) => entry.arguments);
}
