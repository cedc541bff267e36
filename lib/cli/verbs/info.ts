import { cardDetails } from '../card-text.js';
import { cardInfo } from '../choose-card.js';
import { CARD_OPTIONS } from '../options.js';
import type { Verb } from '../verb.js';

export const info: Verb = {
  name: 'info',
  summary: 'show one card',
  options: CARD_OPTIONS,
  examples: ['info', 'info --instance 0000'],
  async run({ openManager, args }) {
    const found = await cardInfo(await openManager(), args.value('instance'));
    return { document: { ...found }, lines: cardDetails(found) };
  },
};
