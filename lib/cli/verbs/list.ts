import { cardSummary } from '../card-text.js';
import { BACKEND_OPTION, COMMON_OPTIONS } from '../options.js';
import type { Verb } from '../verb.js';

export const list: Verb = {
  name: 'list',
  summary: 'list the cards',
  options: { ...COMMON_OPTIONS, ...BACKEND_OPTION },
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
