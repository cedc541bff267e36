import { wipe } from '../../secret.js';
import { openCard } from '../choose-card.js';
import { CARD_OPTIONS, PIN_OPTION } from '../options.js';
import type { Verb } from '../verb.js';

export const changePin: Verb = {
  name: 'change-pin',
  summary: 'change the PIN',
  options: { ...CARD_OPTIONS, ...PIN_OPTION },
  notes: ['Secrets are asked for in this order: PIN, new PIN.'],
  examples: ['change-pin', 'change-pin --instance 0000 --pin-stdin < old-and-new.txt'],
  async run(context) {
    const { args, secrets } = context;
    secrets.requireSource(args.has('pin-stdin'));
    const card = await openCard(context);
    const asked = await secrets.ask(
      [{ name: 'PIN' }, { name: 'new PIN', fresh: true }],
      args.has('pin-stdin'),
    );
    try {
      await card.changePin(asked[0] as Buffer, asked[1] as Buffer);
    } finally {
      wipe(...asked);
    }
    const { instanceId } = card;
    return { document: { instanceId, changed: true }, lines: ['The PIN was changed.'] };
  },
};
