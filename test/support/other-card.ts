import { StatusWord } from '../../lib/gids/apdu.js';
import type { ApduChannel } from '../../lib/gids/channel.js';

const COMMAND_CHAINING_NOT_SUPPORTED = 0x6884;
const CHANGE_PIN = '240080';
const RESET_PIN_BY_PUK = '2c0080';
const RESET_PIN_BY_ADMIN = '2c0280';
const CREATE_FILE = 'e00000';
const APPLICATION_PUT = 'db3fff';
const APPLICATION_GET = 'cb3fff';
const KEY_TEMPLATE = 0x70;

const LONGEST_PIN = 16;

/**
 * Our applet with the manners of the Java Card applet GidsApplet, as it was seen to answer: a card
 * that keeps to the specification, and says many things in other words than ours does.
 *
 * - Of a chain of which it has refused a part it waits for the rest, and for nothing else.
 * - 6984 is its answer to a file that exists already and to a key that does not.
 * - Of a key file without a key it answers nothing, with success.
 * - It knows no PUK. A PIN has 4 to 16 bytes; a longer one is 6700, or 63Cx without a try being spent.
 */
export class OtherCardChannel implements ApduChannel {
  readonly #below: ApduChannel;
  readonly #pinLength: () => number;
  readonly #importLimit: number;
  #chain: string | undefined;
  #received = 0;

  /**
   * @param pinLength - length of the card's PIN
   * @param importLimit - bytes that a key to import may take
   */
  constructor(below: ApduChannel, pinLength: () => number, importLimit: number) {
    this.#below = below;
    this.#pinLength = pinLength;
    this.#importLimit = importLimit;
  }

  async transmit(command: Uint8Array): Promise<Buffer> {
    const header = Buffer.from(command.subarray(1, 4)).toString('hex');
    if (this.#chain !== undefined && this.#chain !== header) {
      return statusWord(COMMAND_CHAINING_NOT_SUPPORTED);
    }
    const isPart = ((command[0] ?? 0) & 0x10) !== 0;
    this.#chain = isPart ? header : undefined;
    const dataLength = command.length > 5 ? (command[4] ?? 0) : 0;
    this.#received += dataLength;
    const refusal = this.#refusal(header, dataLength);
    if (!isPart) this.#received = 0;
    if (refusal !== undefined) return statusWord(refusal);
    return this.#translate(header, command, await this.#below.transmit(command));
  }

  async reset(): Promise<void> {
    this.#chain = undefined;
    this.#received = 0;
    await this.#below.reset();
  }

  close(): Promise<void> {
    return this.#below.close();
  }

  async #translate(header: string, command: Uint8Array, answer: Buffer): Promise<Buffer> {
    const status = answer.readUInt16BE(answer.length - 2);
    if (header === CREATE_FILE && status === StatusWord.FILE_EXISTS) {
      return statusWord(StatusWord.REFERENCE_DATA_NOT_USABLE);
    }
    const isKeyRequest = header === APPLICATION_GET && command[5] === KEY_TEMPLATE;
    if (!isKeyRequest || status !== StatusWord.REFERENCED_DATA_NOT_FOUND) return answer;
    const keyReference = command[9] ?? 0;
    const select = Uint8Array.of(0x00, 0xa4, 0x00, 0x0c, 0x02, 0xb0, keyReference);
    const isThere = (await this.#below.transmit(select)).equals(statusWord(StatusWord.SUCCESS));
    return statusWord(isThere ? StatusWord.SUCCESS : StatusWord.REFERENCE_DATA_NOT_USABLE);
  }

  #refusal(header: string, dataLength: number): number | undefined {
    if (header === RESET_PIN_BY_PUK) return StatusWord.WRONG_P1_P2;
    if (header === RESET_PIN_BY_ADMIN && dataLength > LONGEST_PIN) return StatusWord.WRONG_LENGTH;
    if (header === APPLICATION_PUT && this.#received > this.#importLimit) {
      return StatusWord.NOT_ENOUGH_MEMORY;
    }
    if (header !== CHANGE_PIN) return undefined;
    if (dataLength > 2 * LONGEST_PIN) return StatusWord.WRONG_PIN | 5;
    if (dataLength - this.#pinLength() > LONGEST_PIN) return StatusWord.WRONG_LENGTH;
    return undefined;
  }
}

function statusWord(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}
