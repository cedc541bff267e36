import type { CredentialTries } from '../backend/backend.js';
import { VirtualSmartCardError } from '../errors.js';
import { concatSecret, wipe } from '../secret.js';
import { encodeCommand, Instruction, SHORT_LE, StatusWord } from './apdu.js';
import type { ApduChannel } from './channel.js';
import { ApduExchange } from './exchange.js';
import { KeyCommands } from './key-commands.js';
import { decode } from './response.js';
import { cardResponseError, hasStatusWord, newPinRefused, type Purpose } from './status-error.js';
import { decodeTlv, decodeTlvs, encodeTlv, findTlv } from './tlv.js';
import { keyCheckValue } from './triple-des.js';

const CURRENT_DIRECTORY = 0x3fff;
const PIN_REFERENCE = 0x80;
const LOG_OUT_REFERENCE = 0x82;
const ADMIN_KEY_REFERENCE = 0x80;
const PIN_TRIES = 0x7f71;
const PUK_TRIES = 0x7f73;
const CHALLENGE_LENGTH = 8;

/** RESET RETRY COUNTER: whether the PUK comes with the command, or the admin has authenticated. */
const RESET_WITH_PUK = 0x00;
const RESET_WITHOUT_PUK = 0x02;

const LOG_OUT = encodeCommand({ ins: Instruction.VERIFY, p1: 0x00, p2: LOG_OUT_REFERENCE });

/** The GET DATA command of a data object, for who reads it often. */
export function readObjectCommand(fileId: number, tag: number): Buffer {
  const data = encodeTlv(0x5c, Uint8Array.of(tag >> 8, tag & 0xff));
  const { GET_DATA: ins } = Instruction;
  return encodeCommand({ ins, p1: fileId >> 8, p2: fileId & 0xff, data, le: SHORT_LE });
}

/**
 * The host side of the GIDS card edge (Generic Identity Device Specification 2.0): one method for
 * each thing that a card can be told. Calls must not overlap; `GidsCardConnection` sees to it.
 * Commands that carry a secret are wiped when the card has answered.
 */
export class GidsClient {
  /** Everything about keys. */
  readonly keys: KeyCommands;
  readonly #channel: ApduChannel;
  readonly #exchange: ApduExchange;

  constructor(channel: ApduChannel) {
    this.#channel = channel;
    this.#exchange = new ApduExchange(channel);
    this.keys = new KeyCommands(this.#exchange);
  }

  /** {@link ApduChannel.revision} */
  get revision(): object | undefined {
    return this.#channel.revision;
  }

  /** De-authenticates everything on this channel. */
  async reset(): Promise<void> {
    await this.#exchange.reset();
  }

  /**
   * The content of a data object; undefined when the file has no such object.
   *
   * @param command - from {@link readObjectCommand}
   * @throws VirtualSmartCardError `ERR_CARD_NOT_INITIALIZED` when the card has no such file
   */
  async readObject(
    fileId: number,
    tag: number,
    command: Uint8Array = readObjectCommand(fileId, tag),
  ): Promise<Buffer | undefined> {
    const answer = await unlessMissing(this.#exchange.transmit(command, 'readFile'));
    return answer && content(answer, tag);
  }

  /** Replaces the content of a data object; one that was not there is made. */
  async writeObject(fileId: number, tag: number, value: Uint8Array): Promise<void> {
    const data = encodeTlv(tag, value);
    await this.#put(fileId, data, 'writeFile');
  }

  /** @throws VirtualSmartCardError `ERR_PIN_INCORRECT`, `ERR_PIN_BLOCKED` */
  async verifyPin(pin: Uint8Array): Promise<void> {
    await this.#sendSecrets(Instruction.VERIFY, 0x00, 'verifyPin', pin);
  }

  async logOut(): Promise<void> {
    await this.#exchange.transmit(LOG_OUT, 'logOut');
  }

  async pinTries(): Promise<CredentialTries> {
    const tries = await this.#readTries(PIN_TRIES);
    if (!tries) throw cardResponseError('it does not tell the tries left on its PIN');
    return tries;
  }

  /** undefined on a card without a PUK. */
  async pukTries(): Promise<CredentialTries | undefined> {
    return this.#readTries(PUK_TRIES);
  }

  /** @throws VirtualSmartCardError `ERR_PIN_INCORRECT`, `ERR_PIN_BLOCKED`, `ERR_PIN_POLICY` */
  async changePin(oldPin: Uint8Array, newPin: Uint8Array): Promise<void> {
    const { CHANGE_REFERENCE_DATA: ins } = Instruction;
    try {
      await this.#sendSecrets(ins, 0x00, 'changePin', oldPin, newPin);
    } catch (error) {
      if (!VirtualSmartCardError.is(error, 'ERR_PIN_INCORRECT')) throw error;
      // Some cards call the PIN wrong when the new one is too short or too long, and count nothing.
      throw (await this.#hasAllTries()) ? newPinRefused(error) : error;
    }
  }

  async resetPinByPuk(puk: Uint8Array, newPin: Uint8Array): Promise<void> {
    const { RESET_RETRY_COUNTER } = Instruction;
    await this.#sendSecrets(RESET_RETRY_COUNTER, RESET_WITH_PUK, 'resetPinByPuk', puk, newPin);
  }

  /** Needs {@link answerAdminChallenge} before. */
  async resetPinByAdmin(newPin: Uint8Array): Promise<void> {
    const { RESET_RETRY_COUNTER } = Instruction;
    await this.#sendSecrets(RESET_RETRY_COUNTER, RESET_WITHOUT_PUK, 'resetPinByAdmin', newPin);
  }

  /** External authentication with the admin key begins: 8 bytes, which the key's holder answers. */
  async adminChallenge(): Promise<Uint8Array> {
    await this.#exchange.send(
      {
        ins: Instruction.MANAGE_SECURITY_ENVIRONMENT,
        p1: 0xc1,
        p2: 0xa4,
        data: encodeTlv(0x83, Uint8Array.of(ADMIN_KEY_REFERENCE)),
      },
      'authenticateAdmin',
    );
    const answer = await this.#generalAuthenticate(encodeTlv(0x81), SHORT_LE);
    const challenge = decode(() => findTlv(decodeTlvs(decodeTlv(0x7c, answer)), 0x81));
    if (challenge?.length !== CHALLENGE_LENGTH) {
      throw cardResponseError(`its challenge is not ${CHALLENGE_LENGTH} bytes`);
    }
    return challenge;
  }

  /**
   * @param response - 8 bytes, to the challenge before
   * @throws VirtualSmartCardError `ERR_ADMIN_KEY_INCORRECT`
   */
  async answerAdminChallenge(response: Uint8Array): Promise<void> {
    await this.#generalAuthenticate(encodeTlv(0x82, response), undefined);
  }

  /** Needs {@link answerAdminChallenge} before. */
  async setAdminKey(key: Uint8Array): Promise<void> {
    const value = encodeTlv(0x87, key);
    const secret = encodeTlv(0xa5, value, encodeTlv(0x88, keyCheckValue(key)));
    const data = encodeTlv(0x70, encodeTlv(0x84, Uint8Array.of(ADMIN_KEY_REFERENCE)), secret);
    try {
      await this.#put(CURRENT_DIRECTORY, data, 'setAdminKey');
    } finally {
      wipe(value, secret, data);
    }
  }

  async #hasAllTries(): Promise<boolean> {
    try {
      const { left, max } = await this.pinTries();
      return left === max;
    } catch {
      // What the card said before is all there is to tell.
      return false;
    }
  }

  async #readTries(tag: number): Promise<CredentialTries | undefined> {
    const answer = await unlessMissing(
      this.#exchange.transmit(readObjectCommand(CURRENT_DIRECTORY, tag), 'readTries'),
    );
    if (!answer) return undefined;
    const objects = decode(() => decodeTlvs(decodeTlv(tag, answer)));
    const left = findTlv(objects, 0x97)?.[0];
    const max = findTlv(objects, 0x93)?.[0];
    if (left === undefined || max === undefined) throw cardResponseError('its tries are not told');
    return { left, max };
  }

  async #put(fileId: number, data: Uint8Array, purpose: Purpose): Promise<void> {
    const { PUT_DATA: ins } = Instruction;
    await this.#exchange.send({ ins, p1: fileId >> 8, p2: fileId & 0xff, data }, purpose);
  }

  async #sendSecrets(
    ins: number,
    p1: number,
    purpose: Purpose,
    ...secrets: Uint8Array[]
  ): Promise<void> {
    const data = concatSecret(...secrets);
    try {
      await this.#exchange.send({ ins, p1, p2: PIN_REFERENCE, data }, purpose);
    } finally {
      wipe(data);
    }
  }

  async #generalAuthenticate(object: Uint8Array, le: number | undefined): Promise<Buffer> {
    const { GENERAL_AUTHENTICATE: ins } = Instruction;
    const data = encodeTlv(0x7c, object);
    try {
      const command = { ins, p1: 0x00, p2: 0x00, data };
      return await this.#exchange.send(
        le === undefined ? command : { ...command, le },
        'authenticateAdmin',
      );
    } finally {
      wipe(object, data);
    }
  }
}

/** A data object's content, from the object: a copy-free view. */
function content(object: Buffer, tag: number): Buffer {
  const value = decode(() => decodeTlv(tag, object));
  return Buffer.from(value.buffer, value.byteOffset, value.length);
}

async function unlessMissing(answer: Promise<Buffer>): Promise<Buffer | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (hasStatusWord(error, StatusWord.REFERENCED_DATA_NOT_FOUND)) return undefined;
    throw error;
  }
}
