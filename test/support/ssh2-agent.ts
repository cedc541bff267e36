import { BaseAgent, type ParsedKey } from 'ssh2';
import { onTestFinished } from 'vitest';
import { ssh2Agent, type VirtualSmartCardManager } from '../../lib/index.js';

/** An agent for the package ssh2 until the end of the test, and how often it has asked for the PIN. */
export function startSsh2Agent(manager: VirtualSmartCardManager, pin: Uint8Array) {
  let asked = 0;
  const agent = ssh2Agent(BaseAgent<ParsedKey>, manager, {
    onPin: async () => {
      asked += 1;
      return Buffer.from(pin);
    },
  });
  onTestFinished(() => agent.close());
  return { agent, asked: () => asked };
}
