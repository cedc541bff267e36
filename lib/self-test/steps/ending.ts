import type { Bench } from '../bench.js';
import { expectEqual } from '../failure.js';
import type { Step } from '../step.js';
import type { TestCard } from '../test-card.js';
import { waitUntil } from '../wait-until.js';
import { storeAfterSteps } from './store.js';

/** The end of the cards, whatever came before. */
export function endingSteps(bench: Bench): Step[] {
  const { card, pukCard, events, keeper } = bench;
  return [
    destroy(bench, card, { name: 'destroy', needs: ['create'] }),
    destroy(bench, pukCard, { name: 'destroy-with-puk', needs: ['create-with-puk'] }),
    {
      name: 'watch-removed',
      title: 'both cards were seen to go',
      needs: ['watch-start', 'destroy', 'destroy-with-puk'],
      async run(signal) {
        await events.expect('removed', [card, pukCard], signal);
        return undefined;
      },
    },
    ...storeAfterSteps(bench),
    {
      name: 'watch-end',
      title: 'the watch ends when it is told to',
      needs: ['watch-start'],
      always: true,
      async run() {
        await events.close();
        return undefined;
      },
    },
    {
      name: 'clean-up',
      title: 'nothing that the test made is left',
      always: true,
      async run() {
        return { hadToBeDestroyed: await keeper.cleanUp() };
      },
    },
    {
      name: 'list-after',
      title: 'the cards that were there before are there, and no others',
      needs: ['list-before'],
      always: true,
      async run(signal) {
        const { cardsBefore } = bench;
        let after = await bench.listCards();
        const isAsBefore = async () => {
          after = await bench.listCards();
          return after.join('\n') === cardsBefore.join('\n');
        };
        await waitUntil(isAsBefore, bench.settleMs, signal);
        // Their names are the user's own.
        const gone = cardsBefore.filter((each) => !after.includes(each)).length;
        const come = after.filter((each) => !cardsBefore.includes(each)).length;
        expectEqual('cards that went and came meanwhile', [gone, come], [0, 0]);
        return { cards: after.length };
      },
    },
  ];
}

function destroy(bench: Bench, card: TestCard, step: { name: string; needs: string[] }): Step {
  return {
    ...step,
    title: 'the card is destroyed, and its progress told',
    always: true,
    async run() {
      const statuses: number[] = [];
      await bench.keeper.destroy(card.instanceId, ({ code }) => statuses.push(code));
      return { statuses };
    },
  };
}
