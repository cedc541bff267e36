import { VirtualSmartCardError } from '../../errors.js';
import type { Bench } from '../bench.js';
import type { Step } from '../step.js';

/** What of the system did the work, at the end, when all of it has been used. */
export function servedBySteps({ card, pukCard }: Bench): Step[] {
  return [
    {
      name: 'served-by',
      title: "which of the system's ways served keys, PINs and certificates",
      needs: ['create'],
      optional: true,
      async run() {
        const ways = await card.opened.servedBy();
        // The PUK's only; without the second card there is nothing to tell of it.
        const { puk } = pukCard.isMade ? ((await pukCard.opened.servedBy()) ?? {}) : {};
        if (ways) return { ...ways, ...(puk !== undefined && { puk }) };
        throw new VirtualSmartCardError(
          'ERR_NOT_SUPPORTED',
          'The backend does not tell which way it took.',
        );
      },
    },
  ];
}
