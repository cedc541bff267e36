import { wipe } from '../../secret.js';
import { openCard } from '../choose-card.js';
import { CARD_OPTIONS, PIN_OPTION } from '../options.js';
import type { Verb } from '../verb.js';

export const verifyPin: Verb = {
  name: 'verify-pin',
  summary: 'check the PIN; a wrong one costs a try',
  options: { ...CARD_OPTIONS, ...PIN_OPTION },
  examples: ['verify-pin', 'verify-pin --instance 0000 --pin-stdin < pin.txt'],
  async run(context) {
    const { args, secrets } = context;
    secrets.requireSource(args.has('pin-stdin'));
    const card = await openCard(context);
    const asked = await secrets.ask([{ name: 'PIN' }], args.has('pin-stdin'));
    try {
      await card.verifyPin(asked[0] as Buffer);
    } finally {
      wipe(...asked);
    }
    const { instanceId } = card;
    return { document: { instanceId, verified: true }, lines: ['The PIN is correct.'] };
  },
};
