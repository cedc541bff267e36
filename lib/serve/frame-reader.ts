import { allocateSecret, wipe } from '../secret.js';
import { decodeFrame, type Frame, frameLength } from './frame.js';

/** Most frames are far shorter. */
const USUAL_LENGTH = 4096;

/** Puts frames together from the pieces that arrive, in memory that it wipes. */
export class FrameReader {
  #bytes = allocateSecret(USUAL_LENGTH);
  /** What has arrived and was not dropped yet lies between these. */
  #start = 0;
  #end = 0;
  /** Length of the frame that `first` gave. */
  #given = 0;

  /** Takes a piece; the caller wipes it. */
  add(piece: Uint8Array): void {
    if (this.#end + piece.length > this.#bytes.length) this.#makeRoom(piece.length);
    this.#bytes.set(piece, this.#end);
    this.#end += piece.length;
  }

  /**
   * The first frame, when it is whole. It is good until {@link drop}.
   *
   * @throws RangeError when it is no frame
   */
  first(): Frame | undefined {
    const arrived = this.#bytes.subarray(this.#start, this.#end);
    const length = frameLength(arrived);
    if (length === undefined || length > arrived.length) return undefined;
    this.#given = length;
    return decodeFrame(arrived.subarray(0, length));
  }

  /** Wipes the frame that `first` gave. */
  drop(): void {
    wipe(this.#bytes.subarray(this.#start, this.#start + this.#given));
    this.#start += this.#given;
    this.#given = 0;
    if (this.#start === this.#end) this.#start = this.#end = 0;
  }

  wipe(): void {
    wipe(this.#bytes);
    this.#start = this.#end = 0;
  }

  #makeRoom(length: number): void {
    const former = this.#bytes;
    const arrived = former.subarray(this.#start, this.#end);
    const needed = arrived.length + length;
    this.#bytes = allocateSecret(Math.max(USUAL_LENGTH, 2 * needed));
    this.#bytes.set(arrived);
    wipe(former);
    this.#start = 0;
    this.#end = needed - length;
  }
}
