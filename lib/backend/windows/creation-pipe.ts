import { once } from 'node:events';
import { createServer } from 'node:net';
import type { CreationClaim } from '../backend.js';

const PIPE = '\\\\.\\pipe\\virtual-smartcard-ensure';
/** The pipe is there already: Windows refuses a second first instance, or one beside another user's. */
const TAKEN = new Set(['EADDRINUSE', 'EACCES']);

/**
 * The claim on making cards of this machine: a named pipe, which exists once, says nothing, and goes
 * with its process, however that ends.
 *
 * @returns undefined while another process, or another manager of this one, has it
 */
export async function tryClaimCreation(): Promise<CreationClaim | undefined> {
  const server = createServer((socket) => socket.destroy());
  server.listen(PIPE);
  try {
    await once(server, 'listening');
  } catch (error) {
    if (TAKEN.has(String((error as NodeJS.ErrnoException).code))) return undefined;
    throw error;
  }
  server.unref();
  return {
    release: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
}
