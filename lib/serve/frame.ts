import { allocateSecret } from '../secret.js';

/** Longest frame without its first field; an extended APDU and the list of ten cards fit. */
export const MAX_FRAME_LENGTH = 256 * 1024;
/** A card is created with three secrets. */
const MAX_ATTACHMENTS = 4;
const LENGTH_FIELD = 4;
/** Bytes before the header: the length of all that follows, and that of the header. */
const PREFIX = 2 * LENGTH_FIELD;

/** What one side tells the other, as JSON. It never holds a secret. */
export type Header = Readonly<Record<string, unknown>>;

/** One message: its header, and what must be wiped after use as bytes beside it. */
export interface Frame {
  header: Header;
  /** They lie in the memory that the frame was read into. */
  attachments: Uint8Array[];
}

/**
 * A message as bytes, memory of its own, which the caller wipes: length of what follows, length of the
 * header (both 32 bits, little endian), the header as UTF-8, the attachments.
 */
export function encodeFrame(header: Header, attachments: readonly Uint8Array[] = []): Buffer {
  const lengths = attachments.map((each) => each.length);
  const json = Buffer.from(JSON.stringify({ ...header, attachments: lengths }));
  const length = lengths.reduce((sum, each) => sum + each, PREFIX + json.length);
  if (length - LENGTH_FIELD > MAX_FRAME_LENGTH) throw new RangeError(`a frame of ${length} bytes`);
  const frame = allocateSecret(length);
  frame.writeUInt32LE(length - LENGTH_FIELD, 0);
  frame.writeUInt32LE(json.length, LENGTH_FIELD);
  frame.set(json, PREFIX);
  let offset = PREFIX + json.length;
  for (const each of attachments) {
    frame.set(each, offset);
    offset += each.length;
  }
  return frame;
}

/**
 * Length of the frame that begins with these bytes; undefined when there are too few to tell.
 *
 * @throws RangeError when a frame cannot be that long
 */
export function frameLength(bytes: Buffer): number | undefined {
  if (bytes.length < LENGTH_FIELD) return undefined;
  const length = bytes.readUInt32LE(0);
  if (length < LENGTH_FIELD || length > MAX_FRAME_LENGTH) {
    throw new RangeError(`a frame of ${length} bytes`);
  }
  return LENGTH_FIELD + length;
}

/**
 * Takes a whole frame apart.
 *
 * @throws RangeError when it is none
 */
export function decodeFrame(frame: Buffer): Frame {
  const end = PREFIX + frame.readUInt32LE(LENGTH_FIELD);
  if (end > frame.length) throw new RangeError('a header longer than its frame');
  const header = parseHeader(frame.toString('utf8', PREFIX, end));
  return { header, attachments: takeAttachments(header, frame.subarray(end)) };
}

function parseHeader(text: string): Header {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch {
    throw new RangeError('a header that is not JSON');
  }
  if (typeof header === 'object' && header !== null && !Array.isArray(header)) {
    return header as Header;
  }
  throw new RangeError('a header that is no object');
}

function takeAttachments(header: Header, bytes: Uint8Array): Uint8Array[] {
  const lengths: unknown = Object.hasOwn(header, 'attachments') ? header['attachments'] : [];
  if (!Array.isArray(lengths) || lengths.length > MAX_ATTACHMENTS) {
    throw new RangeError('attachments that are not listed');
  }
  const attachments: Uint8Array[] = [];
  let offset = 0;
  for (const length of lengths) {
    if (!Number.isInteger(length) || length < 0 || length > bytes.length - offset) {
      throw new RangeError('an attachment longer than its frame');
    }
    attachments.push(bytes.subarray(offset, offset + length));
    offset += length;
  }
  if (offset !== bytes.length) throw new RangeError('bytes that belong to no attachment');
  return attachments;
}
