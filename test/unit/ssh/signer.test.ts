import { generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import type { VirtualSmartCardManager } from '../../../lib/index.js';
import { checkedSignerOptions } from '../../../lib/ssh/agent-options.js';
import { SshSigner } from '../../../lib/ssh/signer.js';

/** A manager of one card whose containers have these names, which any program may have given. */
function managerWith(containers: readonly string[]): VirtualSmartCardManager {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { publicKey: other } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const keys = containers.map((container, index) => ({
    container,
    publicKey: index % 2 === 0 ? publicKey : other,
  }));
  const card = { instanceId: '0000', name: 'Card', keys: async () => keys };
  const manager = {
    list: async () => [{ instanceId: '0000', name: 'Card', state: 'ready' }],
    card: async () => card,
  };
  return manager as unknown as VirtualSmartCardManager;
}

it.each(['line\nbreak', '\u001b[2J', '\ud800'])(
  'a container named %j by another program hides no other key of its card',
  async (name) => {
    const warnings: string[] = [];
    const onWarning = ({ code }: { code: string }) => warnings.push(code);
    const signer = new SshSigner(managerWith([name, 'mine']), checkedSignerOptions({ onWarning }));
    const keys = await signer.publicKeys();
    expect(keys.map(({ comment }) => comment)).toEqual(['Card mine']);
    expect(warnings).toEqual(['ERR_INVALID_ARGUMENT']);
  },
);
