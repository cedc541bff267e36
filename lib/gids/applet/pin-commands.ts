import { type CommandApdu, StatusWord } from '../apdu.js';
import type { Replacement } from '../card-vault.js';
import { Refusal } from './refusal.js';
import type { Session } from './session.js';

/** References in P2. */
const PIN = 0x80;
const DEAUTHENTICATE = 0x82;
/** P1 of CHANGE REFERENCE DATA and RESET RETRY COUNTER: what the data field holds. */
const OLD_AND_NEW = 0x00;
const FIRST_PIN = 0x01;
const PUK_AND_NEW = 0x00;
const NEW_ONLY = 0x02;

const MOST_TRIES_IN_STATUS_WORD = 15;

/**
 * VERIFY (20): the PIN, or with an empty data field whether it is verified. With reference 82 it
 * logs out.
 */
export async function verify(session: Session, { p1, p2, data }: CommandApdu): Promise<undefined> {
  if (p1 !== 0x00) throw new Refusal(StatusWord.WRONG_P1_P2);
  if (p2 === DEAUTHENTICATE) {
    if (data.length > 0) throw new Refusal(StatusWord.WRONG_LENGTH);
    await session.logout();
    return;
  }
  if (p2 !== PIN) throw new Refusal(StatusWord.REFERENCED_DATA_NOT_FOUND);
  if (data.length === 0) {
    if (session.authorization) return;
    throw await pinNotVerified(session);
  }
  if (!session.vault.isPinLengthLegal(data.length)) {
    await session.lock();
    throw await pinNotVerified(session);
  }
  const verification = await session.vault.verifyPin(data).catch(async (error) => {
    await session.lock();
    throw error;
  });
  if (verification.result === 'verified') {
    await session.login(verification.authorization);
    return;
  }
  await session.lock();
  throw refusalOf(verification);
}

/** CHANGE REFERENCE DATA (24): the first PIN of a card not activated, or old and new PIN. */
export async function changePin(
  session: Session,
  { p1, p2, data }: CommandApdu,
): Promise<undefined> {
  if (p2 !== PIN) throw new Refusal(StatusWord.REFERENCED_DATA_NOT_FOUND);
  if (p1 === FIRST_PIN) {
    if (session.vault.state.activated) throw new Refusal(StatusWord.CONDITIONS_NOT_SATISFIED);
    requireAllowedPin(session, data);
    await session.vault.setFirstPin(data);
    await session.lock();
    return;
  }
  if (p1 !== OLD_AND_NEW) throw new Refusal(StatusWord.WRONG_P1_P2);
  const { pinLength } = session.vault;
  const oldPin = data.subarray(0, pinLength);
  const newPin = data.subarray(pinLength);
  if (!isAllowedPin(session, newPin)) {
    if (mayBeTwoPins(session, data)) await requireOldPin(session, oldPin);
    throw new Refusal(StatusWord.WRONG_DATA);
  }
  await finishReplacement(session, await session.vault.changePin(oldPin, newPin));
}

/** RESET RETRY COUNTER (2C): a new PIN by the PUK, or after the admin key was authenticated. */
export async function resetPin(
  session: Session,
  { p1, p2, data }: CommandApdu,
): Promise<undefined> {
  if (p2 !== PIN) throw new Refusal(StatusWord.REFERENCED_DATA_NOT_FOUND);
  if (p1 === NEW_ONLY) {
    if (!session.adminAuthenticated) {
      throw new Refusal(StatusWord.SECURITY_STATUS_NOT_SATISFIED);
    }
    requireAllowedPin(session, data);
    await session.vault.resetPinByAdmin(data);
    await session.lock();
    return;
  }
  if (p1 !== PUK_AND_NEW) throw new Refusal(StatusWord.WRONG_P1_P2);
  const { pukLength } = session.vault;
  if (pukLength === undefined) throw new Refusal(StatusWord.REFERENCED_DATA_NOT_FOUND);
  requireAllowedPin(session, data.subarray(pukLength));
  await finishReplacement(
    session,
    await session.vault.resetPinByPuk(data.subarray(0, pukLength), data.subarray(pukLength)),
  );
}

/** A new PIN that the policy does not allow is refused before anything is checked or counted. */
function requireAllowedPin(session: Session, pin: Uint8Array): void {
  if (!isAllowedPin(session, pin)) throw new Refusal(StatusWord.WRONG_DATA);
}

function isAllowedPin({ vault }: Session, pin: Uint8Array): boolean {
  return vault.isPinLengthLegal(pin.length) && vault.isPinAllowed(pin);
}

/** Whether so many bytes can be an old and a new PIN, whatever the length of the card's. */
function mayBeTwoPins({ vault }: Session, { length }: Uint8Array): boolean {
  const half = Math.floor(length / 2);
  return vault.isPinLengthLegal(half) && vault.isPinLengthLegal(length - half);
}

/**
 * Before a new PIN is refused, a wrong old one is counted: where the one ends and the other begins is
 * the PIN's length, and a refusal that costs nothing would tell it to whoever asks.
 */
async function requireOldPin(session: Session, oldPin: Uint8Array): Promise<void> {
  const verification = await session.vault.verifyPin(oldPin);
  if (verification.result === 'verified') return verification.authorization.release();
  await session.lock();
  throw refusalOf(verification);
}

/** Whatever came of it, the PIN is no longer verified. */
async function finishReplacement(session: Session, replacement: Replacement): Promise<void> {
  await session.lock();
  if (replacement.result !== 'replaced') throw refusalOf(replacement);
}

async function pinNotVerified(session: Session): Promise<Refusal> {
  const { left } = await session.vault.pinTries();
  return refusalOf(left > 0 ? { result: 'wrong', triesLeft: left } : { result: 'blocked' });
}

function refusalOf(
  outcome: { result: 'wrong'; triesLeft: number } | { result: 'blocked' },
): Refusal {
  if (outcome.result === 'blocked') return new Refusal(StatusWord.AUTHENTICATION_METHOD_BLOCKED);
  return new Refusal(StatusWord.WRONG_PIN | Math.min(outcome.triesLeft, MOST_TRIES_IN_STATUS_WORD));
}
