import { readFile } from 'node:fs/promises';
import { fileReadError } from './file-error.js';

/** @throws CliError `ERR_FILE_READ`, which says why in words */
export async function readInputFile(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw fileReadError(path, error);
  }
}
