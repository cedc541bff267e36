import { randomBytes, timingSafeEqual } from 'node:crypto';
import { concatSecret, wipe } from '../../secret.js';
import { type CommandApdu, StatusWord } from '../apdu.js';
import { decodeTlv, decodeTlvs, encodeTlv } from '../tlv.js';
import { decryptTripleDes, encryptTripleDes } from '../triple-des.js';
import { Refusal } from './refusal.js';
import type { Session } from './session.js';

/** A challenge that the card gave out, with the host's own when both prove themselves. */
export interface Challenge {
  fromCard: Buffer;
  /** Mutual authentication: the host's challenge, which the card answers. */
  fromHost: Buffer | undefined;
}

/** Dynamic authentication data (ISO/IEC 7816-4, 11.5.5). */
const Tag = { TEMPLATE: 0x7c, CHALLENGE: 0x81, RESPONSE: 0x82 } as const;

const EXTERNAL_CHALLENGE_LENGTH = 8;
const MUTUAL_CHALLENGE_LENGTH = 16;
/** What follows both challenges in a mutual response: 7 random bytes and 80. */
const SESSION_RANDOM_LENGTH = 7;
const PADDING = Uint8Array.of(0x80);

/**
 * GENERAL AUTHENTICATE (87) by the admin key. External: the card's challenge, the host's response.
 * Mutual: each challenges the other. A challenge counts once, whatever the response.
 */
export async function generalAuthenticate(
  session: Session,
  { p1, p2, data }: CommandApdu,
): Promise<Buffer | undefined> {
  if (p1 !== 0x00 || p2 !== 0x00) throw new Refusal(StatusWord.WRONG_P1_P2);
  if (!session.adminKeyChosen) throw new Refusal(StatusWord.CONDITIONS_NOT_SATISFIED);
  const [object, ...others] = decodeTlvs(decodeTlv(Tag.TEMPLATE, data));
  if (!object || others.length > 0) throw new Refusal(StatusWord.WRONG_DATA);
  if (object.tag === Tag.CHALLENGE) return giveChallenge(session, object.value);
  if (object.tag === Tag.RESPONSE) return checkResponse(session, object.value);
  throw new Refusal(StatusWord.WRONG_DATA);
}

function giveChallenge(session: Session, fromHost: Uint8Array): Buffer {
  const isMutual = fromHost.length === MUTUAL_CHALLENGE_LENGTH;
  if (!isMutual && fromHost.length > 0) throw new Refusal(StatusWord.WRONG_DATA);
  const length = isMutual ? MUTUAL_CHALLENGE_LENGTH : EXTERNAL_CHALLENGE_LENGTH;
  const challenge: Challenge = {
    fromCard: randomBytes(length),
    fromHost: isMutual ? concatSecret(fromHost) : undefined,
  };
  session.setChallenge(challenge);
  return encodeTlv(Tag.TEMPLATE, encodeTlv(Tag.CHALLENGE, challenge.fromCard));
}

async function checkResponse(session: Session, response: Uint8Array): Promise<Buffer | undefined> {
  const challenge = session.takeChallenge();
  if (!challenge) throw new Refusal(StatusWord.CONDITIONS_NOT_SATISFIED);
  const { fromCard, fromHost } = challenge;
  session.logoutAdmin();
  try {
    if (!fromHost) {
      await session.vault.withAdminKey((key) => requireExternal(key, fromCard, response));
      session.loginAdmin();
      return undefined;
    }
    const answer = await session.vault.withAdminKey((key) => {
      requireMutual(key, fromCard, fromHost, response);
      return answerHost(key, fromCard, fromHost);
    });
    session.loginAdmin();
    return encodeTlv(Tag.TEMPLATE, encodeTlv(Tag.RESPONSE, answer));
  } finally {
    wipe(fromCard, fromHost);
  }
}

function requireExternal(key: Uint8Array, fromCard: Buffer, response: Uint8Array): void {
  const expected = encryptTripleDes(key, fromCard);
  try {
    requireEqual(expected, response);
  } finally {
    wipe(expected);
  }
}

/** The host's response holds the card's challenge, its own, 7 random bytes and 80. */
function requireMutual(
  key: Uint8Array,
  fromCard: Buffer,
  fromHost: Buffer,
  response: Uint8Array,
): void {
  const challenges = concatSecret(fromCard, fromHost);
  const length = challenges.length + SESSION_RANDOM_LENGTH + PADDING.length;
  if (response.length !== length) throw new Refusal(StatusWord.SECURITY_STATUS_NOT_SATISFIED);
  const opened = decryptTripleDes(key, response);
  try {
    const isPadded = opened[length - 1] === PADDING[0];
    requireEqual(challenges, opened.subarray(0, challenges.length));
    if (!isPadded) throw new Refusal(StatusWord.SECURITY_STATUS_NOT_SATISFIED);
  } finally {
    wipe(opened, challenges);
  }
}

function answerHost(key: Uint8Array, fromCard: Buffer, fromHost: Buffer): Buffer {
  const random = randomBytes(SESSION_RANDOM_LENGTH);
  const answer = concatSecret(fromHost, fromCard, random, PADDING);
  try {
    return encryptTripleDes(key, answer);
  } finally {
    wipe(answer, random);
  }
}

function requireEqual(expected: Uint8Array, actual: Uint8Array): void {
  if (expected.length !== actual.length || !timingSafeEqual(expected, actual)) {
    throw new Refusal(StatusWord.SECURITY_STATUS_NOT_SATISFIED);
  }
}
