import { wipe } from '../../secret.js';
import { encodeResponse, StatusWord } from '../apdu.js';

/** Gives response data out in the lengths that the host asks for (GET RESPONSE), and wipes them. */
export class ResponseQueue {
  #data: Buffer | undefined;
  #offset = 0;

  /** Whether data wait. */
  get isEmpty(): boolean {
    return this.#data === undefined;
  }

  /**
   * Response APDU to a command that succeeded.
   *
   * @param data - memory of its own, wiped once it is given out
   * @param le - Ne of the command; without one all data wait for GET RESPONSE
   */
  respond(data: Buffer | undefined, le: number | undefined): Buffer {
    if (data === undefined || data.length === 0) return encodeResponse(StatusWord.SUCCESS);
    if (le !== undefined && data.length <= le) {
      const response = encodeResponse(StatusWord.SUCCESS, data);
      wipe(data);
      return response;
    }
    this.#data = data;
    this.#offset = 0;
    return this.next(le ?? 0);
  }

  /** Response APDU with the next `le` bytes of what waits. */
  next(le: number): Buffer {
    const data = this.#data;
    if (!data) return encodeResponse(StatusWord.SUCCESS);
    const part = data.subarray(this.#offset, this.#offset + le);
    this.#offset += part.length;
    const rest = data.length - this.#offset;
    const more = StatusWord.MORE_DATA | (rest > 0xff ? 0 : rest);
    const response = encodeResponse(rest === 0 ? StatusWord.SUCCESS : more, part);
    wipe(part);
    if (rest === 0) this.#data = undefined;
    return response;
  }

  /** Forgets what waits. */
  clear(): void {
    wipe(this.#data);
    this.#data = undefined;
  }
}
