import { type Command, takeApart } from './command.js';

/** What a card's answer may be at all, and which commands those of a chain make together. */
export class ChannelModel {
  /** Whether the PIN, the admin key was verified here. */
  user = false;
  admin = false;
  challenge: { fromCard: Buffer; fromHost: Buffer } | undefined;
  readonly #judge: (command: Command, response: Buffer) => void;
  #chain: { header: Command; parts: Uint8Array[] } | undefined;
  /** Bytes that wait for GET RESPONSE: at least, and whether there may be more. */
  #waiting: { atLeast: number; exactly: boolean } | undefined;

  /** @param judge - what becomes of each whole command */
  constructor(judge: (command: Command, response: Buffer) => void) {
    this.#judge = judge;
  }

  logOut(): void {
    this.user = false;
    this.admin = false;
    this.challenge = undefined;
  }

  reset(): void {
    this.logOut();
    this.#chain = undefined;
    this.#waiting = undefined;
  }

  /** Says what is wrong with an answer, if anything is; the judge throws what it finds. */
  answered(apdu: Uint8Array, response: Buffer): string | undefined {
    if (response.length < 2) return 'an answer without a status word';
    const statusWord = response.readUInt16BE(response.length - 2);
    const command = takeApart(apdu);
    const shape = wrongShape(command, statusWord, response.length - 2);
    if (shape) return shape;
    const succeeded = statusWord === 0x9000 || statusWord >> 8 === 0x61;
    const waited = this.#waiting;
    this.#waiting = undefined;
    if (statusWord >> 8 === 0x61) {
      const atLeast = statusWord & 0xff || 256;
      this.#waiting = { atLeast, exactly: atLeast < 256 };
    }
    if (!command) return succeeded ? 'lengths that do not fit were taken' : this.#endChain();
    if (command.ins === 0xc0 && command.cla === 0x00) {
      this.#chain = undefined;
      // What waits goes on waiting when nothing was fetched.
      if (!succeeded) this.#waiting = waited;
      return wrongFetch(waited, this.#waiting, statusWord, response.length - 2);
    }
    const isKnown = command.cla === 0x00 || command.cla === 0x10;
    if (!isKnown) return succeeded ? 'an unknown class was taken' : this.#endChain();
    return this.#whole(command, response, succeeded);
  }

  #whole(command: Command, response: Buffer, succeeded: boolean): undefined | string {
    const chain = this.#chain;
    const { header } = chain ?? {};
    const belongs =
      header?.ins === command.ins && header.p1 === command.p1 && header.p2 === command.p2;
    const parts = belongs && chain ? chain.parts : [];
    if (command.cla === 0x10) {
      this.#chain = succeeded
        ? { header: command, parts: [...parts, Buffer.from(command.data)] }
        : undefined;
      const isBare = response.length === 2 && (!succeeded || response.readUInt16BE(0) === 0x9000);
      return isBare ? undefined : 'a part of a command was carried out';
    }
    this.#chain = undefined;
    const isRefusedUnseen = !succeeded && [0x6700, 0x6d00].includes(response.readUInt16BE(0));
    if (isRefusedUnseen) return;
    const data = parts.length > 0 ? Buffer.concat([...parts, command.data]) : command.data;
    this.#judge({ ...command, data }, response);
    return;
  }

  #endChain(): undefined {
    this.#chain = undefined;
  }
}

function wrongShape(
  command: Command | undefined,
  statusWord: number,
  length: number,
): string | undefined {
  const sw1 = statusWord >> 8;
  const isKnown = statusWord === 0x9000 || sw1 === 0x61 || (sw1 >= 0x62 && sw1 <= 0x6e);
  if (!isKnown) return `the status word is ${statusWord.toString(16)}`;
  if (length > 0 && sw1 !== 0x90 && sw1 !== 0x61) return 'data came with a refusal';
  if (length > (command?.ne ?? 0)) return 'more data came than Le allows';
  return undefined;
}

function wrongFetch(
  waited: { atLeast: number; exactly: boolean } | undefined,
  left: { atLeast: number; exactly: boolean } | undefined,
  statusWord: number,
  length: number,
): string | undefined {
  if (length > 0 && !waited) return 'data came that did not wait';
  if (!waited || (statusWord !== 0x9000 && statusWord >> 8 !== 0x61)) return undefined;
  const rest = left?.atLeast ?? 0;
  const isRight = waited.exactly
    ? length + rest === waited.atLeast
    : length + rest >= waited.atLeast;
  return isRight ? undefined : 'GET RESPONSE gave another length than was said';
}
