import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the openssl program said, and whether it was content. */
export interface OpensslOutcome {
  ok: boolean;
  output: string;
}

/**
 * Runs the openssl program in a directory of its own that holds the given files, and gives its
 * verdict with everything it wrote.
 */
export async function openssl(
  files: Record<string, string | Uint8Array>,
  ...args: string[]
): Promise<OpensslOutcome> {
  const cwd = await mkdtemp(join(tmpdir(), 'vsc-openssl-'));
  try {
    for (const [name, content] of Object.entries(files)) await writeFile(join(cwd, name), content);
    return await new Promise((resolve) => {
      execFile('openssl', args, { cwd }, (error, stdout, stderr) =>
        resolve({ ok: error === null, output: stdout + stderr }),
      );
    });
  } finally {
    await rm(cwd, { recursive: true });
  }
}
