import { allocateSecret } from '../secret.js';
import type { ReaderFraming, ReaderRequest } from './reader-request.js';

const LENGTH_SIZE = 4;
const HEADER_SIZE = LENGTH_SIZE + 1;
/** What pcscd takes from a program at most: an extended APDU with some room around it. */
const MAX_COMMAND_LENGTH = 65_600;

const KINDS = ['greeting', 'powerOn', 'powerOff', 'reset', 'apdu'] as const;

/** Version of the frames, which the driver tells in its greeting. */
export const SLOT_FRAMING_VERSION = 1;

/**
 * The frames of our own driver (`native/ifd/publisher.h`): a length of 4 bytes, big endian, that
 * counts what follows; in a request one byte that says what is wanted; the APDU or the answer.
 */
export const slotFraming: ReaderFraming = {
  greets: true,
  maxFrameLength: HEADER_SIZE + MAX_COMMAND_LENGTH,

  frameLength(bytes) {
    return bytes.length < LENGTH_SIZE ? undefined : LENGTH_SIZE + view(bytes).getUint32(0);
  },

  decode(frame): ReaderRequest {
    const kind = KINDS[frame[LENGTH_SIZE] ?? KINDS.length];
    const body = frame.subarray(HEADER_SIZE);
    if (kind === 'apdu') return { kind, command: body };
    if (kind === 'greeting' && body.length === 1) return { kind, version: body[0] as number };
    if (kind === undefined || kind === 'greeting' || body.length > 0) {
      throw new RangeError('the driver asks for something unknown');
    }
    return { kind };
  },

  encode(_request, answer) {
    const frame = allocateSecret(LENGTH_SIZE + answer.length);
    frame.writeUInt32BE(answer.length);
    frame.set(answer, LENGTH_SIZE);
    return frame;
  },
};

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
