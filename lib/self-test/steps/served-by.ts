import { VirtualSmartCardError } from '../../errors.js';
import type { Bench } from '../bench.js';
import type { Step } from '../step.js';

/** What of the system did the work, at the end, when all of it has been used. */
export function servedBySteps({ card }: Bench): Step[] {
  return [
    {
      name: 'served-by',
      title: "which of the system's ways served keys, PINs and certificates",
      needs: ['create'],
      optional: true,
      async run() {
        const ways = await card.opened.servedBy();
        if (ways) return ways;
        throw new VirtualSmartCardError(
          'ERR_NOT_SUPPORTED',
          'The backend does not tell which way it took.',
        );
      },
    },
  ];
}
