import { createReadStream } from 'node:fs';
import { concatSecret, wipe } from '../secret.js';
import { CliError } from './failure.js';
import { fileReadError } from './file-error.js';

/** Far more than any file that a verb takes into memory has. */
const LARGEST = 8 * 1024 * 1024;

/**
 * Reads a file, or a device, that is taken into memory whole. Nothing but what is returned holds its
 * content: it may be a private key.
 *
 * @throws CliError `ERR_FILE_READ`, which says why in words
 */
export async function readInputFile(path: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of createReadStream(path, { end: LARGEST })) {
      chunks.push(chunk);
      length += chunk.length;
    }
    if (length <= LARGEST) return concatSecret(...chunks);
    throw new CliError(
      'ERR_FILE_READ',
      `${path} is larger than ${LARGEST} bytes, too large for it.`,
    );
  } catch (error) {
    throw error instanceof CliError ? error : fileReadError(path, error);
  } finally {
    wipe(...chunks);
  }
}
