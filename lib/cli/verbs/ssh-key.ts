import { sshPublicKey } from '../../index.js';
import { openCard } from '../choose-card.js';
import { COMMON_OPTIONS, CONTAINER_OPTION, INSTANCE_OPTION } from '../options.js';
import type { Verb } from '../verb.js';

export const sshKey: Verb = {
  name: 'ssh-key',
  summary: 'print a key for authorized_keys',
  options: {
    ...COMMON_OPTIONS,
    ...INSTANCE_OPTION,
    ...CONTAINER_OPTION,
    comment: {
      takes: 'value',
      value: 'TEXT',
      text: 'what stands behind the key; default the names of card and container',
    },
  },
  examples: ['ssh-key', 'ssh-key --instance 0000 --container ssh --comment "alice on her card"'],
  notes: ['No PIN is needed.'],
  async run(context) {
    const card = await openCard(context);
    const key = await card.key(context.args.value('container'));
    const comment = context.args.value('comment') ?? `${card.name} ${key.container}`;
    const { type, line, fingerprint } = sshPublicKey(key, comment);
    const { instanceId } = card;
    return {
      document: { instanceId, container: key.container, type, publicKey: line, fingerprint },
      lines: [line],
    };
  },
};
