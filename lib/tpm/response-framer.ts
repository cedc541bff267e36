import { allocateSecret, concatSecret, wipe } from '../secret.js';
import { responseError } from './error.js';

const HEADER_SIZE = 10;
/** More than any TPM 2.0 answers (4096 is usual); a larger size is not a size. */
const MAX_RESPONSE_SIZE = 65536;

/** Puts one response together from the pieces in which a stream delivers it. */
export class ResponseFramer {
  #received: Buffer = allocateSecret(0);

  /**
   * Takes a piece; returns the response when it is whole. Only one command is under way at a time,
   * so nothing may follow.
   *
   * @throws VirtualSmartCardError `ERR_TPM_RESPONSE`
   */
  push(chunk: Uint8Array): Buffer | undefined {
    const before = this.#received;
    this.#received = concatSecret(before, chunk);
    wipe(before);
    if (this.#received.length < HEADER_SIZE) return undefined;
    const size = this.#received.readUInt32BE(2);
    if (size < HEADER_SIZE || size > MAX_RESPONSE_SIZE) {
      throw responseError(`its size field says ${size} bytes`);
    }
    if (this.#received.length < size) return undefined;
    if (this.#received.length > size) {
      throw responseError(`its size field says ${size} bytes, ${this.#received.length} came`);
    }
    const response = this.#received;
    this.#received = allocateSecret(0);
    return response;
  }

  wipe(): void {
    wipe(this.#received);
  }
}
