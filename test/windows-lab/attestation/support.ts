import { onTestFinished } from 'vitest';
import type { CardConnection } from '../../../lib/backend/backend.js';
import { openBackend, request } from '../manager/support/backend.js';
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

/** A machine with one card, and a connection to it. */
export async function oneCard() {
  const lab = await Lab.fresh();
  const backend = await openBackend({ certificateStore: 'none' });
  const instanceId = await backend.create(request({ attestation: 'aikOnly' }));
  const [info] = await backend.list();
  return { lab, backend, readerName: info?.readerName, card: await connected(backend, instanceId) };
}

export async function connected(
  backend: { connect(instanceId: string): Promise<CardConnection> },
  instanceId: string,
) {
  const connection = await backend.connect(instanceId);
  onTestFinished(() => connection.close());
  return connection;
}

/** The calls of a kind that the classes have had. */
export async function calls(lab: Lab, call: string): Promise<Record<string, unknown>[]> {
  const recorded = await lab.recorded('smartcards');
  return recorded.filter((entry) => entry.call === call).map((entry) => entry.arguments);
}
