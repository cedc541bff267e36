import type { ContainerInfo } from '../../index.js';
import { openCard } from '../choose-card.js';
import { CARD_OPTIONS } from '../options.js';
import type { Verb } from '../verb.js';

export const keys: Verb = {
  name: 'keys',
  summary: "list a card's keys",
  options: CARD_OPTIONS,
  examples: ['keys', 'keys list --instance 0000 --json'],
  async run(context) {
    const card = await openCard(context);
    const containers = await card.containers();
    return {
      document: { instanceId: card.instanceId, keys: containers },
      lines: containers.map(line),
      remarks: containers.length === 0 ? ['The card has no keys.'] : [],
    };
  },
};

function line({ name, algorithm, keySpec, isDefault, hasCertificate }: ContainerInfo): string {
  const facts = [algorithm, keySpec === 'keyExchange' ? 'key exchange' : 'signature'];
  if (isDefault) facts.push('default');
  facts.push(hasCertificate ? 'with certificate' : 'without certificate');
  return `${name}  ${facts.join(', ')}`;
}
