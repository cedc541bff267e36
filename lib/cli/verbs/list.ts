import { cardSummary } from '../card-text.js';
import { COMMON_OPTIONS } from '../options.js';
import type { Verb } from '../verb.js';

export const list: Verb = {
  name: 'list',
  summary: 'list the cards',
  options: COMMON_OPTIONS,
  examples: ['list', 'list --json'],
  async run({ openManager }) {
    const cards = await (await openManager()).list();
    return {
      document: { cards },
      lines: cards.flatMap(cardSummary),
      remarks: cards.length === 0 ? ['There are no cards.'] : [],
    };
  },
};
