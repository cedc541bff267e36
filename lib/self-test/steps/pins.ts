import { checkSignal } from '../../arguments.js';
import { VirtualSmartCardError } from '../../errors.js';
import type { Bench } from '../bench.js';
import { expectEqual, UnexpectedResult } from '../failure.js';
import type { Step } from '../step.js';
import type { TestCard } from '../test-card.js';
import { expectSignature, RSA_CONTAINER } from './keys.js';

/** Wrong PINs that block a card. */
const TRIES = 5;

/** One wrong PIN, while there is nothing on the card yet. */
export function wrongPinSteps(bench: Bench): Step[] {
  const { card } = bench;
  return [
    {
      name: 'wrong-pin',
      title: 'a wrong PIN costs one try, and a right one gives it back',
      needs: ['create'],
      wrongPins: 1,
      async run() {
        await bench.requireRoomForWrongPins(1);
        const { max } = await card.opened.pinTries();
        const left = await giveWrongPin(bench, card);
        expectEqual('the tries left', left, max - 1);
        await card.opened.verifyPin(card.pin);
        await card.opened.logout();
        expectEqual('the tries after the right PIN', (await card.opened.pinTries()).left, max);
        return { triesLeft: left, pinTriesMax: max };
      },
    },
  ];
}

/** PIN, PUK and admin key. Resets are tried on cards that are not blocked, too, if blocking is left out. */
export function credentialSteps(bench: Bench): Step[] {
  const { card, pukCard, secrets } = bench;
  return [
    {
      name: 'change-pin',
      title: 'the PIN is changed, and the new one works',
      needs: ['create'],
      async run(signal) {
        const newPin = secrets.digits();
        await card.opened.changePin(card.pin, newPin);
        card.pin = newPin;
        return expectPinWorks(card, signal);
      },
    },
    block(bench, card, { name: 'block', needs: ['create'] }),
    {
      name: 'unblock-by-admin-key',
      title: 'the admin key sets a new PIN, and the keys are unharmed',
      needs: ['create'],
      async run(signal) {
        const newPin = secrets.digits();
        const { left } = await card.opened.pinTries();
        await card.opened.unblock({ adminKey: card.adminKey, newPin });
        card.pin = newPin;
        return { wasBlocked: left === 0, ...(await expectPinWorks(card, signal)) };
      },
    },
    {
      name: 'change-admin-key',
      title: 'the admin key is changed, and the new one works',
      needs: ['create'],
      async run() {
        const next = secrets.adminKey();
        await card.opened.changeAdminKey(card.adminKey, next);
        card.adminKey = next;
        await card.opened.verifyAdminKey(card.adminKey);
        return undefined;
      },
    },
    block(bench, pukCard, { name: 'block-with-puk', needs: ['create-with-puk'] }),
    {
      name: 'unblock-by-puk',
      title: 'the PUK sets a new PIN, and that one works',
      needs: ['create-with-puk'],
      async run(signal) {
        const { puk } = pukCard;
        if (!puk) throw new UnexpectedResult('The card was made without a PUK.');
        const newPin = secrets.digits();
        const { left } = await pukCard.opened.pinTries();
        await pukCard.opened.unblock({ puk, newPin });
        pukCard.pin = newPin;
        return { wasBlocked: left === 0, ...(await expectPinWorks(pukCard, signal)) };
      },
    },
  ];
}

function block(bench: Bench, card: TestCard, step: { name: string; needs: string[] }): Step {
  return {
    ...step,
    title: 'wrong PINs block the card, and then it refuses the right one, too',
    wrongPins: TRIES,
    async run(signal) {
      await bench.requireRoomForWrongPins(TRIES);
      const { max, left } = await card.opened.pinTries();
      expectEqual('the tries of a PIN', max, TRIES);
      const seen: number[] = [];
      for (let expected = left - 1; expected >= 0; expected -= 1) {
        checkSignal(signal);
        seen.push(await giveWrongPin(bench, card));
        expectEqual('the tries left', seen.at(-1), expected);
      }
      expectEqual('the tries of a blocked card', (await card.opened.pinTries()).left, 0);
      const code = await codeOf(card.opened.verifyPin(card.pin));
      expectEqual('what the right PIN gets', code, 'ERR_PIN_BLOCKED');
      return { triesLeft: seen };
    },
  };
}

/** A new PIN logs in, and where the card has a key, that signs with it. */
async function expectPinWorks({ opened, pin }: TestCard, signal: AbortSignal) {
  await opened.verifyPin(pin);
  await opened.logout();
  const containers = await opened.containers();
  const hasKey = containers.some(({ name }) => name === RSA_CONTAINER);
  if (hasKey) await expectSignature(await opened.key(RSA_CONTAINER), 'RSA-SHA256', pin, signal);
  return { signed: hasKey };
}

/** @returns the tries that are left then */
async function giveWrongPin({ secrets }: Bench, card: TestCard): Promise<number> {
  try {
    await card.opened.verifyPin(secrets.wrong(card.pin));
  } catch (error) {
    if (VirtualSmartCardError.is(error, 'ERR_PIN_BLOCKED')) return 0;
    if (!VirtualSmartCardError.is(error, 'ERR_PIN_INCORRECT')) throw error;
    if (error.triesLeft !== undefined) return error.triesLeft;
    throw new UnexpectedResult('The refusal of a wrong PIN does not say how many tries are left.');
  }
  throw new UnexpectedResult('The card took a wrong PIN.');
}

async function codeOf(call: Promise<void>): Promise<string> {
  try {
    await call;
    return 'nothing';
  } catch (error) {
    if (VirtualSmartCardError.is(error)) return error.code;
    throw error;
  }
}
