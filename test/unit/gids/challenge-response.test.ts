import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { answerChallenge } from '../../../lib/gids/challenge-response.js';
import type { ApduChannel } from '../../../lib/gids/channel.js';
import { encryptTripleDes } from '../../../lib/gids/triple-des.js';
import { randomPin, TestCard } from '../../support/gids-card.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const CHALLENGE = Buffer.from('challeng');
const RESPONSE = Buffer.from('response');
const after = (ms: number, result: Uint8Array | Error) =>
  new Promise<Uint8Array>((resolve, reject) => {
    const end = () => (result instanceof Error ? reject(result) : resolve(result));
    setTimeout(end, ms);
  });

/** A card that writes down what is done with it. */
function recorder(failure?: Error) {
  const done: string[] = [];
  const card = {
    exclusively: async <T>(work: () => Promise<T>) => {
      done.push('begin');
      try {
        return await work();
      } finally {
        done.push('end');
      }
    },
    challenge: async () => {
      done.push('challenge');
      return CHALLENGE;
    },
    answer: async (response: Uint8Array) => {
      done.push(`answer ${Buffer.from(response)}`);
      if (failure) throw failure;
    },
    reset: async () => {
      done.push('reset');
    },
  };
  return { card, done };
}

it('is one transaction with a response that comes soon', async () => {
  const { card, done } = recorder();
  const answered = answerChallenge(card, async (challenge) => {
    expect(challenge).toBe(CHALLENGE);
    return after(1900, RESPONSE);
  });
  await vi.advanceTimersByTimeAsync(1900);
  await answered;
  expect(done).toEqual(['begin', 'challenge', 'answer response', 'reset', 'end']);
  expect(vi.getTimerCount()).toBe(0);
});

it('lets go of the card while a response takes longer', async () => {
  const { card, done } = recorder();
  const answered = answerChallenge(card, () => after(600_000, RESPONSE));
  await vi.advanceTimersByTimeAsync(2100);
  expect(done).toEqual(['begin', 'challenge', 'end']);
  await vi.advanceTimersByTimeAsync(600_000);
  await answered;
  expect(done.slice(3)).toEqual(['begin', 'answer response', 'reset', 'end']);
});

it.each([
  ['soon', 100, ['begin', 'challenge', 'reset', 'end']],
  ['late', 5000, ['begin', 'challenge', 'end', 'begin', 'reset', 'end']],
])('passes on that a responder fails %s', async (_, ms, expected) => {
  const { card, done } = recorder();
  const failure = new Error('the help desk is closed');
  const answered = answerChallenge(card, () => after(ms, failure)).catch((error) => error);
  await vi.advanceTimersByTimeAsync(ms);
  expect(await answered).toBe(failure);
  expect(done).toEqual(expected);
});

it.each([100, 5000])(
  'resets the card when it refuses a response that came after %i ms',
  async (ms) => {
    const failure = new Error('it was wrong');
    const { card, done } = recorder(failure);
    const answered = answerChallenge(card, () => after(ms, RESPONSE)).catch((error) => error);
    await vi.advanceTimersByTimeAsync(ms);
    expect(await answered).toBe(failure);
    expect(done.slice(-3)).toEqual(['answer response', 'reset', 'end']);
  },
);

it.each([100, 5000])('checks a response that came after %i ms', async (ms) => {
  const { card, done } = recorder();
  const answered = answerChallenge(card, () => after(ms, Buffer.alloc(9))).catch((error) => error);
  await vi.advanceTimersByTimeAsync(ms);
  expect(await answered).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', parameter: 'response' });
  expect(done.slice(-2)).toEqual(['reset', 'end']);
});

it("a transaction that cannot be ended is an error, and the late response nobody's", async () => {
  const { card } = recorder();
  const failure = new Error('the card is gone');
  const exclusively = async <T>(work: () => Promise<T>): Promise<T> => {
    await work();
    throw failure;
  };
  const respond = () => after(5000, new Error('also the help desk'));
  const answered = answerChallenge({ ...card, exclusively }, respond).catch((error) => error);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await answered).toBe(failure);
});

/** A card whose admin takes a minute for a response, in which something happens. */
function slowlyAnswered(meanwhile: (channel: ApduChannel, card: TestCard) => Promise<void>) {
  const card = new TestCard();
  const channel = card.channel();
  const connection = card.connection(channel);
  const newPin = randomPin(9);
  const challenges: string[] = [];
  const respond = async (challenge: Uint8Array) => {
    challenges.push(Buffer.from(challenge).toString('hex'));
    await after(60_000, RESPONSE);
    await meanwhile(channel, card);
    return encryptTripleDes(card.adminKey, challenge);
  };
  const unblock = async () => {
    const answered = connection.asAdmin(respond, { resetPin: newPin }).catch((error) => error);
    await vi.advanceTimersByTimeAsync(200_000);
    return answered;
  };
  return { card, connection, newPin, challenges, unblock };
}

it('a connection goes on with a late response, whatever others do on connections of their own', async () => {
  const { connection, newPin, challenges, unblock } = slowlyAnswered(async (_channel, card) => {
    const other = card.connection();
    expect(await other.pinTries()).toEqual({ left: 5, max: 5 });
    await expect(
      other.asAdmin(async () => randomBytes(8), { authenticateOnly: true }),
    ).rejects.toMatchObject({ code: 'ERR_ADMIN_KEY_INCORRECT' });
  });
  expect(await unblock()).toBeUndefined();
  expect(challenges).toHaveLength(1);
  await connection.verifyPin(newPin);
});

it('when the card was reset meanwhile, the admin is asked anew', async () => {
  let resets = 1;
  const { connection, newPin, challenges, unblock } = slowlyAnswered(async (channel) => {
    resets -= 1;
    if (resets >= 0) await channel.reset();
  });
  expect(await unblock()).toBeUndefined();
  expect(new Set(challenges).size).toBe(2);
  await connection.verifyPin(newPin);
});

it('when that happens three times, nothing was done', async () => {
  const { card, connection, challenges, unblock } = slowlyAnswered((channel) => channel.reset());
  expect(await unblock()).toMatchObject({ code: 'ERR_ADMIN_CHALLENGE_ENDED' });
  expect(new Set(challenges).size).toBe(3);
  await connection.verifyPin(card.pin);
});
