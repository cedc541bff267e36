import { concatSecret, wipe } from '../../secret.js';
import { CHAINING_BIT, type CommandApdu, StatusWord } from '../apdu.js';
import { Refusal } from './refusal.js';

/** The longest data of a chained command. */
const LONGEST_DATA = 65536;

/** Puts a command together that comes in parts (ISO/IEC 7816-4, 5.1.1.1), and wipes the parts. */
export class CommandChain {
  #parts: Uint8Array[] = [];
  #length = 0;
  #header: CommandApdu | undefined;

  /**
   * Takes a command. A command that does not belong to the open chain ends the chain and stands for
   * itself.
   *
   * @returns the command with all its data when this was its last or only part, else undefined; the
   *   data of a command that came in parts are memory of their own
   */
  add(command: CommandApdu): CommandApdu | undefined {
    if (this.#header && !sameCommand(this.#header, command)) this.drop();
    const isLast = (command.cla & CHAINING_BIT) === 0;
    if (isLast && !this.#header) return command;
    if (this.#length + command.data.length > LONGEST_DATA) {
      this.drop();
      throw new Refusal(StatusWord.WRONG_LENGTH);
    }
    if (isLast) {
      const whole = { ...command, data: concatSecret(...this.#parts, command.data) };
      this.drop();
      return whole;
    }
    this.#header = command;
    if (command.data.length > 0) this.#parts.push(concatSecret(command.data));
    this.#length += command.data.length;
    return undefined;
  }

  /** Forgets an open chain. */
  drop(): void {
    wipe(...this.#parts);
    this.#parts = [];
    this.#length = 0;
    this.#header = undefined;
  }
}

function sameCommand(a: CommandApdu, b: CommandApdu): boolean {
  return a.ins === b.ins && a.p1 === b.p1 && a.p2 === b.p2;
}
