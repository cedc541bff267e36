import { cardResponseError } from './status-error.js';

/**
 * \cardcf (A010/DF22, CARD_CACHE_FILE_FORMAT of Cardmod.h): counters that a host advances when it
 * changes the card, so that the others know that what they remember is old.
 */
export interface CacheFile {
  version: number;
  pinsFreshness: number;
  /** Counts changes of containers and keys. */
  containersFreshness: number;
  /** Counts changes of files. */
  filesFreshness: number;
}

const LENGTH = 6;

export function encodeCacheFile(file: CacheFile): Buffer {
  const bytes = Buffer.alloc(LENGTH);
  bytes[0] = file.version;
  bytes[1] = file.pinsFreshness;
  bytes.writeUInt16LE(file.containersFreshness, 2);
  bytes.writeUInt16LE(file.filesFreshness, 4);
  return bytes;
}

/**
 * @throws VirtualSmartCardError `ERR_CARD_RESPONSE` when the bytes are not a cache file
 */
export function decodeCacheFile(bytes: Uint8Array): CacheFile {
  if (bytes.length !== LENGTH) {
    throw cardResponseError(`its cache file of ${bytes.length} bytes is damaged`);
  }
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, LENGTH);
  return {
    version: view.readUInt8(0),
    pinsFreshness: view.readUInt8(1),
    containersFreshness: view.readUInt16LE(2),
    filesFreshness: view.readUInt16LE(4),
  };
}

/** What a change touched. A change of containers is one of files too: their map is a file. */
export type Change = 'files' | 'containers';

/** The counters after a change; at 65535 they start again. */
export function advance(file: CacheFile, change: Change): CacheFile {
  const next = (counter: number) => (counter + 1) & 0xffff;
  return {
    ...file,
    containersFreshness:
      change === 'containers' ? next(file.containersFreshness) : file.containersFreshness,
    filesFreshness: next(file.filesFreshness),
  };
}
