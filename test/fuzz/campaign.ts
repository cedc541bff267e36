import { decodeRecord, encodeRecord } from '../../lib/backend/embedded/card-record.js';
import { VirtualSmartCardError } from '../../lib/errors.js';
import type { CardState } from '../../lib/gids/card-state.js';
import type { Reached } from './card-model.js';
import { clientOf } from './client-of.js';
import type { Sequence } from './corpus.js';
import { Fuzzer } from './fuzzer.js';
import type { FuzzTarget } from './target.js';

/** How many commands a card gets before the next one comes. */
const APDUS_PER_CARD = 1000;

/** A fuzzed kind of card. */
export interface Kind<Target extends FuzzTarget = FuzzTarget> {
  /** Makes the card number so and so. */
  make(number: number): Promise<Target>;
  /** Lets go of it. */
  drop?(target: Target): Promise<void>;
  /** Whether card number so and so is fuzzed by somebody who knows no secret of it. */
  isOutsider(number: number): boolean;
}

export interface CampaignResult extends Reached {
  apdus: number;
  cards: number;
}

/**
 * Fuzzes one card after the other until so many APDUs were sent. Each card has a seed of its own; the
 * error of one that misbehaves says how to send the same again.
 *
 * @param replay - one card's number, to fuzz it alone
 */
export async function campaign<Target extends FuzzTarget>(
  kind: Kind<Target>,
  options: {
    seed: number;
    apdus: number;
    corpus: readonly Sequence[];
    replay?: number | undefined;
  },
): Promise<CampaignResult> {
  const { seed, apdus, corpus, replay } = options;
  const reached: Reached = {
    logins: 0,
    adminLogins: 0,
    wrongPins: 0,
    pinChanges: 0,
    keyUses: 0,
    keysMade: 0,
    adminKeys: 0,
  };
  let sent = 0;
  let cards = 0;
  for (let number = replay ?? 0; sent < apdus; number++) {
    const isOutsider = kind.isOutsider(number);
    const target = await kind.make(number);
    const before = { state: target.state, keyUses: target.keyUses };
    const fuzzer = await Fuzzer.start(target, {
      seed: seed + number * 0x9e3779b1,
      corpus,
      reached,
      isOutsider,
    });
    try {
      await fuzzer.run(Math.min(APDUS_PER_CARD, apdus - sent));
      if (isOutsider) requireUntouched(target, before);
      if (!fuzzer.areStatesIntact) throw new Error('a state was changed in place');
      if (target.state) requireStorable(target.state);
      await requireUsable(target, fuzzer.pin);
    } catch (error) {
      const again = `VSC_FUZZ_SEED=${seed} VSC_FUZZ_CARD=${number}`;
      const text = `${error instanceof Error ? error.message : error}`;
      throw new Error(`${text}\nAgain with ${again}. What was sent last:\n${fuzzer.history}`, {
        cause: error,
      });
    }
    await kind.drop?.(target);
    sent += fuzzer.sent;
    cards++;
    if (replay !== undefined) break;
  }
  return { ...reached, apdus: sent, cards };
}

function requireUntouched(
  target: FuzzTarget,
  before: { state: CardState | undefined; keyUses: number },
): void {
  if (target.state !== before.state) throw new Error('an outsider changed the card');
  if (target.keyUses !== before.keyUses) throw new Error('an outsider used a key');
}

/** The card's file holds the state: it must come back as it went in. */
function requireStorable(state: CardState): void {
  const record = encodeRecord({ state } as Parameters<typeof encodeRecord>[0]);
  if (!encodeRecord(decodeRecord(record)).equals(record)) {
    throw new Error('the state is another one when it is read again');
  }
}

/** Whatever the card was made to hold, the client reads it or says what is wrong with it. */
async function requireUsable(target: FuzzTarget, pin: Buffer | undefined): Promise<void> {
  const channel = await target.connect();
  const connection = clientOf(channel);
  try {
    await connection.pinTries();
    if (pin) await connection.verifyPin(pin);
    for (const { name } of (await typed(connection.containers())) ?? []) {
      await typed(connection.publicKey(name));
      await typed(connection.certificate(name));
    }
  } finally {
    await channel.close();
  }
}

async function typed<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (!VirtualSmartCardError.is(error)) throw error;
    return undefined;
  }
}
