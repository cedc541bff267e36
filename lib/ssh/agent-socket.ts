import { chmod, lstat, mkdir, rm } from 'node:fs/promises';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { VirtualSmartCardError } from '../errors.js';
import { loadNative, type NativeFileLock } from '../native.js';

/** Longest path of a UNIX socket on all systems (macOS), without the zero at its end. */
const MAX_PATH_LENGTH = 103;

/** Where OpenSSH for Windows looks for an agent when SSH_AUTH_SOCK does not say it. */
const WINDOWS_PIPE = '\\\\.\\pipe\\openssh-ssh-agent';
const PIPE = /^[\\/]{2}[.?][\\/]pipe[\\/]./i;

/** Where an agent listens when it is not told: only this user's programs come there. */
export function defaultSocketPath(
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  if (platform === 'win32') return WINDOWS_PIPE;
  const runtime = environment['XDG_RUNTIME_DIR'];
  const folder =
    runtime && isAbsolute(runtime)
      ? join(runtime, 'virtual-smartcard')
      : join(tmpdir(), `virtual-smartcard-${process.geteuid?.()}`);
  return join(folder, 'agent.sock');
}

/**
 * Has a server listen at a path that only this user can reach: a socket of mode 0600 in a directory
 * of mode 0700, made where it is missing; on Windows a named pipe. A socket that nobody listens on any
 * more is replaced.
 *
 * @returns lets go of the path, after the server was closed
 * @throws VirtualSmartCardError `ERR_SSH_AGENT`
 */
export async function listenForOwner(server: Server, path: string): Promise<() => void> {
  if (process.platform === 'win32') {
    await listen(server, path);
    return () => undefined;
  }
  const lock = await takePlace(path);
  try {
    await listen(server, path);
    await chmod(path, 0o600);
  } catch (error) {
    server.close();
    lock.release();
    throw agentError(`The agent cannot listen at ${path}.`, error);
  }
  return () => lock.release();
}

/** Where an agent may listen, checked as far as it can be without touching anything. */
export function checkSocketPath(path: string): string {
  if (process.platform === 'win32') {
    if (PIPE.test(path)) return path;
    throw agentError(
      `On Windows an agent listens at a named pipe, \\\\.\\pipe\\NAME, not at ${path}.`,
    );
  }
  if (!isAbsolute(path))
    throw agentError(`The path of the socket has to be absolute, not ${path}.`);
  if (Buffer.byteLength(path) > MAX_PATH_LENGTH) {
    throw agentError(`The path of a socket has at most ${MAX_PATH_LENGTH} bytes: ${path}`);
  }
  return path;
}

/** Makes sure that the directory is this user's alone and that no other agent listens there. */
async function takePlace(path: string): Promise<NativeFileLock> {
  const directory = dirname(path);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const { mode, uid } = await lstat(directory);
    const isOurs = uid === process.geteuid?.() && (mode & 0o170077) === 0o040000;
    if (!isOurs) {
      throw agentError(
        `Others may enter ${directory}, or it belongs to another user. The agent's socket has to be in` +
          ' a directory of mode 0700 of your own; one that is missing is made.',
      );
    }
    // The kernel lets go of it when a process ends, however that ends.
    const lock = loadNative().lockFile(`${path}.lock`);
    try {
      await removeOldSocket(path);
    } catch (error) {
      lock.release();
      throw error;
    }
    return lock;
  } catch (error) {
    throw agentError(`The agent cannot listen at ${path}.`, error);
  }
}

/** Nobody listens on it, since nobody holds its lock. Anything but a socket is somebody's file. */
async function removeOldSocket(path: string): Promise<void> {
  const [status] = await Promise.allSettled([lstat(path)]);
  if (status.status === 'rejected') {
    if (status.reason.code === 'ENOENT') return;
    throw status.reason;
  }
  if (!status.value.isSocket()) throw agentError(`${path} is there already and is no socket.`);
  await rm(path, { force: true });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => reject(agentError(`Nothing can listen at ${path}.`, error));
    server.once('error', failed);
    server.listen({ path, readableAll: false, writableAll: false }, () => {
      server.off('error', failed);
      resolve();
    });
  });
}

function agentError(text: string, cause?: unknown): VirtualSmartCardError {
  if (VirtualSmartCardError.is(cause)) return cause;
  if (cause === undefined) return new VirtualSmartCardError('ERR_SSH_AGENT', text);
  return new VirtualSmartCardError('ERR_SSH_AGENT', `${text} ${why(cause)}`, { cause });
}

function why(cause: unknown): string {
  const { code, holderPid, message } = cause as NodeJS.ErrnoException & { holderPid?: number };
  if (code === 'LOCK_HELD') {
    return `Another agent does${holderPid ? `, process ${holderPid}` : ''}. Use it, or another path.`;
  }
  if (code === 'EADDRINUSE') return 'Another agent does. Use it, end it, or take another path.';
  return message;
}
