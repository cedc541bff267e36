import { constants } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { VirtualSmartCardError } from '../../errors.js';
import type { CreationClaim } from '../backend.js';

/** UV_FS_O_EXLOCK, which node:fs hands on: the file is opened with share mode 0. */
const EXCLUSIVE = 0x10000000;
const { O_CREAT, O_RDONLY } = constants;

/**
 * The claim on making cards of this machine: a file that is open to one process at a time. It is for
 * reading only, which every user may do; Windows closes it with its process, however that ends.
 *
 * @returns undefined while another process, or another manager of this one, has it
 * @throws VirtualSmartCardError `ERR_ACCESS_DENIED`
 */
export async function tryClaimCreation(
  folder: string = process.env['ProgramData'] ?? 'C:\\ProgramData',
): Promise<CreationClaim | undefined> {
  const directory = join(folder, 'virtual-smartcard');
  const path = join(directory, 'ensure.lock');
  try {
    await mkdir(directory, { recursive: true });
    const file = await open(path, O_CREAT | O_RDONLY | EXCLUSIVE);
    return { release: () => file.close() };
  } catch (error) {
    // A sharing violation.
    if ((error as NodeJS.ErrnoException).code === 'EBUSY') return undefined;
    throw new VirtualSmartCardError(
      'ERR_ACCESS_DENIED',
      `${path}, which keeps two programs from making the same card at once, cannot be opened. Correct its permissions: every user may read it, and create it.`,
      { cause: error },
    );
  }
}
