import type { CardInfo } from '../../backend/backend.js';
import { VirtualSmartCardError } from '../../errors.js';
import type { Bench } from '../bench.js';
import { expectEqual, expectThat, UnexpectedResult } from '../failure.js';
import type { Step } from '../step.js';
import type { TestCard } from '../test-card.js';
import { waitUntil } from '../wait-until.js';

/** The stage at which a create is stopped: Windows has made devices by then (VREADER_CREATING). */
const STOP_AT = 7;

/** The answer to reset of Windows' virtual smart cards. */
const EXPECTED_ATR = '3b8d0180fba000000397425446590401cf';

/** Making cards, and what is seen of them. */
export function createSteps(bench: Bench): Step[] {
  const { card, pukCard, manager, events } = bench;
  return [
    {
      name: 'create-stopped',
      title: 'a create that is stopped midway leaves no card',
      needs: ['list-before'],
      run: (signal) => stopACreate(bench, signal),
    },
    {
      name: 'create',
      title: 'a card is made, and its progress told',
      needs: ['list-before'],
      run: (signal) => make(bench, card, signal),
    },
    {
      name: 'create-with-puk',
      title: 'a second card, with a PUK, is made',
      needs: ['list-before'],
      run: (signal) => make(bench, pukCard, signal),
    },
    {
      name: 'watch-added',
      title: 'both cards were seen to come',
      needs: ['watch-start', 'create', 'create-with-puk'],
      async run(signal) {
        await events.expect('added', [card, pukCard], signal);
        return undefined;
      },
    },
    {
      name: 'list',
      title: 'both cards are listed, ready for use',
      needs: ['create', 'create-with-puk'],
      async run() {
        const cards = await manager.list();
        const states = [card, pukCard].map(({ instanceId, name }) => {
          const info = find(cards, instanceId);
          expectEqual('the name in the list', info.name, name);
          expectEqual(`the state of ${instanceId}`, info.state, 'ready');
          return info.tpm ?? 'unknown';
        });
        return { cards: cards.length, tpm: states };
      },
    },
    {
      name: 'reader',
      title: 'the card is in a reader and answers as a virtual smart card does',
      needs: ['create'],
      optional: true,
      async run() {
        const { readerName, atr } = find(await manager.list(), card.instanceId);
        if (readerName === undefined) throw noReader();
        expectEqual('the answer to reset', atr?.toLowerCase(), EXPECTED_ATR);
        return { readerName, atr: EXPECTED_ATR };
      },
    },
    {
      name: 'info',
      title: 'a card tells its id, its tries and that it has no PUK',
      needs: ['create'],
      async run() {
        const info = await card.opened.info();
        const { cardId, pinTriesLeft, pinTriesMax, hasPuk, containerCount } = info;
        const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(cardId ?? '');
        expectThat(isUuid, `The card id is no UUID: ${cardId}.`);
        expectEqual('hasPuk', hasPuk, false);
        expectEqual('containerCount', containerCount, 0);
        expectEqual('the tries left', pinTriesLeft, pinTriesMax);
        const { left, max } = await card.opened.pinTries();
        expectEqual('the tries that pinTries gives', left, max);
        return { cardId: cardId ?? '', pinTriesLeft: left, pinTriesMax: max };
      },
    },
    {
      name: 'info-with-puk',
      title: 'the second card tells the tries of its PUK',
      needs: ['create-with-puk'],
      async run() {
        expectEqual('hasPuk', (await pukCard.opened.info()).hasPuk, true);
        const tries = await pukCard.opened.pukTries();
        if (!tries) throw new UnexpectedResult('pukTries gives nothing.');
        return { pukTriesLeft: tries.left, pukTriesMax: tries.max };
      },
    },
  ];
}

async function make({ keeper }: Bench, card: TestCard, signal: AbortSignal) {
  const statuses: number[] = [];
  await keeper.make(card, signal, ({ code }) => statuses.push(code));
  expectThat(statuses.length > 0, 'The making of the card told no progress.');
  const inOrder = statuses.every((code, at) => code >= (statuses[at - 1] ?? 0));
  expectThat(inOrder, `The stages came in another order: ${statuses.join(', ')}.`);
  return { instanceId: card.instanceId, statuses };
}

async function stopACreate({ keeper, stoppedCard, manager, settleMs }: Bench, signal: AbortSignal) {
  const stop = new AbortController();
  const statuses: number[] = [];
  try {
    await keeper.make(stoppedCard, AbortSignal.any([signal, stop.signal]), ({ code }) => {
      statuses.push(code);
      if (code >= STOP_AT) stop.abort();
    });
  } catch (error) {
    if (signal.aborted || !VirtualSmartCardError.is(error, 'ERR_ABORTED')) throw error;
    const isGone = async () => keeper.own(await manager.list()).length === 0;
    const left = `It was stopped after ${statuses.join(', ')}, and a card was left.`;
    expectThat(await waitUntil(isGone, settleMs, signal), left);
    return { statuses };
  }
  await keeper.destroy(stoppedCard.instanceId);
  throw new UnexpectedResult(
    `It made a card although it was stopped after ${statuses.join(', ')}.`,
  );
}

function find(cards: readonly CardInfo[], instanceId: string): CardInfo {
  const found = cards.find((each) => each.instanceId === instanceId);
  if (found) return found;
  throw new UnexpectedResult(`The list of cards lacks ${instanceId}.`);
}

function noReader(): VirtualSmartCardError {
  return new VirtualSmartCardError('ERR_NOT_SUPPORTED', "This backend's cards are in no reader.");
}
