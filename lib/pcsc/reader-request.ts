/** What a reader asks of the card that is in it. */
export type ReaderRequest =
  | { kind: 'greeting'; version: number }
  | { kind: 'powerOn' }
  | { kind: 'powerOff' }
  | { kind: 'reset' }
  | { kind: 'atr' }
  /** `command` lies in the frame. */
  | { kind: 'apdu'; command: Uint8Array };

/** How requests and answers are put into bytes between a reader and what holds its card. */
export interface ReaderFraming {
  /** Whether the reader says first that the card has got the slot. */
  readonly greets: boolean;
  /** Longest frame that a reader may send. */
  readonly maxFrameLength: number;
  /** Length of the frame that begins with these bytes; undefined when there are too few to tell. */
  frameLength(bytes: Uint8Array): number | undefined;
  /** @throws RangeError when the frame is none of the protocol's */
  decode(frame: Uint8Array): ReaderRequest;
  /**
   * The answer's frame, memory of its own, which the caller wipes; undefined where the protocol has
   * no answer.
   */
  encode(request: ReaderRequest, answer: Uint8Array): Buffer | undefined;
}

const NO_BYTES = new Uint8Array(0);

/** The answer that only says: it is done. */
export const DONE = NO_BYTES;
