import { allocateSecret } from '../secret.js';
import type { ReaderFraming, ReaderRequest } from './reader-request.js';

const LENGTH_SIZE = 2;
const MAX_LENGTH = 0xffff;

const CONTROLS: ReadonlyMap<number, 'powerOff' | 'powerOn' | 'reset' | 'atr'> = new Map([
  [0, 'powerOff'],
  [1, 'powerOn'],
  [2, 'reset'],
  [4, 'atr'],
]);

/**
 * The frames of the stock driver vpcd: a length of 2 bytes, big endian, and so many bytes. A single
 * byte is a control, of which only "what is the ATR?" has an answer; anything else is an APDU.
 */
export const vpcdFraming: ReaderFraming = {
  greets: false,
  maxFrameLength: LENGTH_SIZE + MAX_LENGTH,

  frameLength(bytes) {
    if (bytes.length < LENGTH_SIZE) return undefined;
    return LENGTH_SIZE + (((bytes[0] as number) << 8) | (bytes[1] as number));
  },

  decode(frame): ReaderRequest {
    const command = frame.subarray(LENGTH_SIZE);
    if (command.length !== 1) return { kind: 'apdu', command };
    const kind = CONTROLS.get(command[0] as number);
    if (kind) return { kind };
    throw new RangeError('vpcd asks for something unknown');
  },

  encode({ kind }, answer) {
    if (kind !== 'atr' && kind !== 'apdu') return undefined;
    if (answer.length > MAX_LENGTH) throw new RangeError('an answer too long for vpcd');
    const frame = allocateSecret(LENGTH_SIZE + answer.length);
    frame.writeUInt16BE(answer.length);
    frame.set(answer, LENGTH_SIZE);
    return frame;
  },
};
