import { describeType, invalidArgument, VirtualSmartCardError } from '../errors.js';

const RESPONSE_LENGTH = 8;
/**
 * For so long a response is waited for with the card held. Others have to wait meanwhile, and Windows
 * resets a card with which nothing is done for 5 seconds.
 */
const PATIENCE_MS = 2000;
/** Challenges that one call gives out, when other programs end them. */
const CHALLENGES = 3;

/** A card that authenticates its admin, however it is reached. */
export interface ChallengingCard {
  /** Runs `work` with no other program's command in between, where that can be had. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  challenge(): Promise<Uint8Array>;
  /** Gives the response, and does what it is for. */
  answer(response: Uint8Array): Promise<void>;
  /** Ends the authentication. */
  reset(): Promise<void>;
}

/**
 * Challenge, response, and what the response is for, with the card held. Whoever makes the response
 * may take his time: after two seconds the card is let go of until the response is there. What another
 * program did with the card meanwhile may have ended the challenge; then nothing was done, and he is
 * asked for a response to a new one, up to three in all.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT` for a response that is not 8 bytes,
 * `ERR_ADMIN_CHALLENGE_ENDED` when the third challenge ended as well
 */
export async function answerChallenge(
  card: ChallengingCard,
  respond: (challenge: Uint8Array) => Promise<Uint8Array>,
): Promise<void> {
  for (let challenge = 1; ; challenge += 1) {
    try {
      await answerOne(card, respond);
      return;
    } catch (error) {
      const hasEnded = VirtualSmartCardError.is(error, 'ERR_ADMIN_CHALLENGE_ENDED');
      if (!hasEnded || challenge === CHALLENGES) throw error;
    }
  }
}

async function answerOne(
  card: ChallengingCard,
  respond: (challenge: Uint8Array) => Promise<Uint8Array>,
): Promise<void> {
  const answer = async (response: Uint8Array) => {
    if (!(response instanceof Uint8Array) || response.length !== RESPONSE_LENGTH) {
      throw invalidArgument('response', `${RESPONSE_LENGTH} bytes`, describeType(response));
    }
    await card.answer(response);
  };
  const late = await card.exclusively(async () => {
    let isLate = false;
    try {
      const response = respond(await card.challenge());
      isLate = await takesLong(response);
      if (isLate) return { response };
      await answer(await response);
      return undefined;
    } finally {
      if (!isLate) await card.reset();
    }
  });
  if (!late) return;
  await late.response.catch(() => undefined);
  await card.exclusively(async () => {
    try {
      await answer(await late.response);
    } finally {
      await card.reset();
    }
  });
}

/** Waits for it for a while. Its failure is for whoever takes its result. */
async function takesLong(response: Promise<Uint8Array>): Promise<boolean> {
  const ended = response.then(
    () => false,
    () => false,
  );
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, true);
  });
  try {
    return await Promise.race([ended, patience]);
  } finally {
    clearTimeout(timer);
  }
}
