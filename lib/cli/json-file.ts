import { usageError } from './failure.js';
import { readInputFile } from './input-file.js';
import { OutputFile } from './output-file.js';

/** Larger than any file that a verb takes. */
const MAX_LENGTH = 1024 * 1024;

/** What a JSON file holds, whatever it is. @throws CliError `ERR_FILE_READ`, `ERR_USAGE` */
export async function readJson(path: string): Promise<unknown> {
  const bytes = await readInputFile(path);
  try {
    if (bytes.length <= MAX_LENGTH) return JSON.parse(bytes.toString('utf8'));
  } catch {
    // Said below, without what stands in the file.
  }
  throw usageError(`${path} is no JSON file, or too long.`);
}

/**
 * Writes what `make` gives into a file that was reserved before; without a path it only makes it.
 *
 * @throws CliError `ERR_FILE_EXISTS`, `ERR_FILE_WRITE`
 */
export async function writeJson<T>(
  path: string | undefined,
  options: { force: boolean; mode?: number },
  make: () => Promise<T>,
): Promise<T> {
  if (path === undefined) return make();
  const file = await OutputFile.reserve(path, options);
  try {
    const value = await make();
    await file.commit(Buffer.from(`${JSON.stringify(value, null, 2)}\n`));
    return value;
  } finally {
    await file.discard();
  }
}
