import { allocateSecret, wipe } from '../secret.js';
import type { ReaderFraming } from './reader-request.js';

/** How long frames are, and how that is told from their beginning. */
export type FrameLengths = Pick<ReaderFraming, 'maxFrameLength' | 'frameLength'>;

/** Puts frames together from what arrives, in one piece of memory that it wipes. */
export class FrameBuffer {
  readonly #framing: FrameLengths;
  readonly #bytes: Buffer;
  #length = 0;

  constructor(framing: FrameLengths) {
    this.#framing = framing;
    this.#bytes = allocateSecret(framing.maxFrameLength);
  }

  /** @throws RangeError when more comes than the longest frame before it is answered */
  add(chunk: Uint8Array): void {
    if (this.#length + chunk.length > this.#bytes.length) throw new RangeError('a frame too long');
    this.#bytes.set(chunk, this.#length);
    this.#length += chunk.length;
  }

  /**
   * The first frame, when it is whole; it lies in this buffer until {@link drop}.
   *
   * @throws RangeError when it says that it is longer than a frame may be
   */
  first(): Uint8Array | undefined {
    const arrived = this.#bytes.subarray(0, this.#length);
    const length = this.#framing.frameLength(arrived);
    if (length === undefined) return undefined;
    if (length > this.#bytes.length) throw new RangeError(`a frame of ${length} bytes`);
    return length <= this.#length ? arrived.subarray(0, length) : undefined;
  }

  /** Wipes a frame that `first` gave, and moves up what came after it. */
  drop(frame: Uint8Array): void {
    this.#bytes.copyWithin(0, frame.length, this.#length);
    const former = this.#length;
    this.#length -= frame.length;
    wipe(this.#bytes.subarray(this.#length, former));
  }

  wipe(): void {
    wipe(this.#bytes);
    this.#length = 0;
  }
}
