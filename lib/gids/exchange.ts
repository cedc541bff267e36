import { VirtualSmartCardError } from '../errors.js';
import { concatSecret, wipe } from '../secret.js';
import {
  CHAINING_BIT,
  type CommandApduFields,
  encodeCommand,
  Instruction,
  responseData,
  SHORT_DATA_LENGTH,
  SHORT_LE,
  StatusWord,
  statusWordOf,
} from './apdu.js';
import type { ApduChannel } from './channel.js';
import { cardResponseError, type Purpose, statusError } from './status-error.js';

/** The GIDS application without its version and vendor bytes, as hosts select it. */
const AID = Buffer.from('A00000039742544659', 'hex');
/** SELECT of the GIDS application. */
export const SELECT_APPLICATION = encodeCommand({
  ins: Instruction.SELECT,
  p1: 0x04,
  p2: 0x00,
  data: AID,
  le: SHORT_LE,
});
/** 6Cxx: the command again, with xx as its Le. */
const WRONG_LE = 0x6c00;
/** The longest answer that is put together from its parts; no file or signature comes near. */
const LONGEST_ANSWER = 0x20000;
const NO_DATA = new Uint8Array(0);

/**
 * Commands and whole answers over a channel: it selects the application when that is needed, sends
 * long data in chained commands, fetches long answers by GET RESPONSE and turns every status word
 * that is no success into an error. Short APDUs only, which every card takes. Calls must not overlap.
 */
export class ApduExchange {
  readonly #channel: ApduChannel;
  #selected = false;

  constructor(channel: ApduChannel) {
    this.#channel = channel;
  }

  /** Resets the channel: nothing is verified any more. The next command selects again. */
  async reset(): Promise<void> {
    this.#selected = false;
    await this.#channel.reset();
  }

  /**
   * Sends an encoded short command.
   *
   * @returns the whole answer without its status word, in memory that may be wiped
   */
  async transmit(command: Uint8Array, purpose: Purpose): Promise<Buffer> {
    if (!this.#selected) await this.#select();
    const response = await this.#raw(command);
    if (statusWordOf(response) === StatusWord.SUCCESS) return response.subarray(0, -2);
    return this.#complete(command, response, purpose);
  }

  /**
   * Sends a command of any length, and wipes every APDU that it was sent in.
   *
   * @returns the whole answer without its status word, in memory that may be wiped
   */
  async send(command: CommandApduFields, purpose: Purpose): Promise<Buffer> {
    const { cla = 0x00, data = NO_DATA, le, ...rest } = command;
    let offset = 0;
    for (; data.length - offset > SHORT_DATA_LENGTH; offset += SHORT_DATA_LENGTH) {
      const block = data.subarray(offset, offset + SHORT_DATA_LENGTH);
      try {
        await this.#sendOne({ ...rest, cla: cla | CHAINING_BIT, data: block }, purpose);
      } catch (error) {
        if (isRefusal(error)) await this.#endChain({ ...rest, cla }, purpose);
        throw error;
      }
    }
    const last = data.subarray(offset);
    return this.#sendOne(
      { ...rest, cla, data: last, ...(le === undefined ? {} : { le }) },
      purpose,
    );
  }

  /**
   * Some cards go on waiting for the rest of a chain of which they have refused a part, and refuse
   * every other command meanwhile. A last part without data ends it, whatever is answered to it.
   */
  async #endChain(command: CommandApduFields, purpose: Purpose): Promise<void> {
    try {
      await this.#sendOne(command, purpose);
    } catch {
      // That the chain was refused is what there is to tell.
    }
  }

  async #sendOne(command: CommandApduFields, purpose: Purpose): Promise<Buffer> {
    const apdu = encodeCommand(command);
    try {
      return await this.transmit(apdu, purpose);
    } finally {
      wipe(apdu);
    }
  }

  async #select(): Promise<void> {
    await this.#complete(SELECT_APPLICATION, await this.#raw(SELECT_APPLICATION), 'select');
    this.#selected = true;
  }

  /** What becomes of a response: more is fetched, or it is an error. */
  async #complete(command: Uint8Array, first: Buffer, purpose: Purpose): Promise<Buffer> {
    let response = first;
    if ((statusWord(response) & 0xff00) === WRONG_LE) {
      const again = concatSecret(command);
      again[again.length - 1] = statusWord(response) & 0xff;
      try {
        response = await this.#raw(again);
      } finally {
        wipe(again);
      }
    }
    const parts = [responseData(response)];
    try {
      let length = response.length;
      while ((statusWord(response) & 0xff00) === StatusWord.MORE_DATA) {
        const le = statusWord(response) & 0xff || SHORT_LE;
        response = await this.#raw(
          encodeCommand({ ins: Instruction.GET_RESPONSE, p1: 0x00, p2: 0x00, le }),
        );
        const part = responseData(response);
        parts.push(part);
        length += part.length;
        if (statusWord(response) !== StatusWord.SUCCESS && part.length === 0) break;
        if (length > LONGEST_ANSWER) throw cardResponseError('an answer has no end');
      }
      if (statusWord(response) === StatusWord.SUCCESS) return concatSecret(...parts);
      throw statusError(statusWord(response), purpose, this.#channel.takeFailure?.());
    } finally {
      wipe(...parts);
    }
  }

  async #raw(command: Uint8Array): Promise<Buffer> {
    try {
      return await this.#channel.transmit(command);
    } catch (error) {
      if (error instanceof VirtualSmartCardError) throw error;
      const message = 'The connection to the card failed. Open the card again.';
      throw new VirtualSmartCardError('ERR_CARD_COMMAND', message, { cause: error });
    }
  }
}

/** Whether the card has answered, and it was a refusal. */
function isRefusal(error: unknown): boolean {
  return VirtualSmartCardError.is(error) && error.statusWord !== undefined;
}

function statusWord(response: Uint8Array): number {
  const status = statusWordOf(response);
  if (status === undefined) throw cardResponseError('an answer has no status word');
  return status;
}
