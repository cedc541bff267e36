import { concatSecret, wipe } from '../secret.js';
import { responseError } from './error.js';

const HEADER_SIZE = 10;
/** More than any TPM 2.0 answers (4096 is usual); a larger size is not a size. */
const MAX_RESPONSE_SIZE = 65536;

/** Puts one response together from the pieces in which a stream delivers it. */
export class ResponseFramer {
  #received: Buffer | undefined;

  /**
   * Takes a piece, whose memory is the framer's from then on; returns the response when it is whole.
   * Only one command is under way at a time, so nothing may follow.
   *
   * @throws VirtualSmartCardError `ERR_TPM_RESPONSE`
   */
  push(chunk: Buffer): Buffer | undefined {
    const received = this.#joined(chunk);
    if (received.length < HEADER_SIZE) return undefined;
    const size = received.readUInt32BE(2);
    if (size < HEADER_SIZE || size > MAX_RESPONSE_SIZE) {
      throw responseError(`its size field says ${size} bytes`);
    }
    if (received.length < size) return undefined;
    if (received.length > size) {
      throw responseError(`its size field says ${size} bytes, ${received.length} came`);
    }
    this.#received = undefined;
    return received;
  }

  wipe(): void {
    wipe(this.#received);
  }

  /** What has come so far. Nearly every response comes in one piece, which is then not copied. */
  #joined(chunk: Buffer): Buffer {
    const before = this.#received;
    this.#received = before ? concatSecret(before, chunk) : chunk;
    if (before) wipe(before, chunk);
    return this.#received;
  }
}
