import { cardDetails } from '../card-text.js';
import { cardInfo } from '../choose-card.js';
import { BACKEND_OPTION, COMMON_OPTIONS, INSTANCE_OPTION } from '../options.js';
import type { Verb } from '../verb.js';

export const info: Verb = {
  name: 'info',
  summary: 'show one card',
  options: { ...COMMON_OPTIONS, ...BACKEND_OPTION, ...INSTANCE_OPTION },
  examples: ['info', 'info --instance 0000'],
  async run({ openManager, args }) {
    const found = await cardInfo(await openManager(), args.value('instance'));
    return { document: { ...found }, lines: cardDetails(found) };
  },
};
