import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { explainLoadFailure } from './native-load-failure.js';

/**
 * A TPM transport of the addon; the TPM layer wraps it. Calls may overlap: each is carried out on
 * the transport's own thread, in the order of the calls. A pending call keeps the process alive, an
 * open transport does not. An object that is never closed is closed when it is collected.
 *
 * Every rejection is an Error with one of the codes of {@link NativeErrorCode}.
 */
export interface NativeTransport {
  /**
   * One TPM command of 10 to 4096 bytes in, its response out. The command is copied before the call
   * returns and the copy is wiped after use; the response is memory of its own, which the caller wipes.
   * A command with a secret has to lie in memory from `allocateSecret`: reading bytes that lie in
   * the JavaScript heap (a Uint8Array of up to 64 bytes may) leaves a copy there.
   */
  transmit(command: Uint8Array): Promise<Buffer>;
  /**
   * Overwrites every copy of these random values (16 to 4096 bytes each) that the software TPM's
   * code keeps in its variables and buffers: what an unloaded object leaves behind. Flush an object
   * before forgetting its authorisation, and never forget what an NV index or a persistent object
   * holds: that copy would be overwritten too. Does nothing where the TPM is not in this process.
   */
  forget(values: readonly Uint8Array[]): Promise<void>;
  /** Finishes what is queued, then lets go of the TPM. Later calls are rejected with `CLOSED`. Safe to call twice. */
  close(): Promise<void>;
}

/** A lock on a file, held until released, until its thread ends, or until the process ends. */
export interface NativeFileLock {
  release(): void;
}

/**
 * The string `code` of the addon's errors. Besides these an errno's name arrives (`ENOENT`,
 * `EACCES` …), from {@link NativeAddon.openDevice} and its transport, from
 * {@link NativeAddon.lockFile}, and when the state directory of
 * {@link NativeAddon.openLibtpms} cannot be opened.
 *
 * | code | meaning |
 * |---|---|
 * | `INVALID_ARGUMENT` | An argument is of the wrong type or length. |
 * | `CLOSED` | The transport was closed, or the process ends. |
 * | `LIBTPMS_NOT_FOUND` | libtpms is not installed, or unusable. |
 * | `LIBTPMS_BUSY` | A software TPM runs in this process already, whichever thread opened it. |
 * | `LIBTPMS_FAILED` | libtpms did not start, or did not process a command. |
 * | `STATE_CORRUPT` | libtpms does not accept the stored state. It was left as it is. |
 * | `STATE_IO` | The state could not be read or written. The disk has the state before the command; the transport refuses every further command until it is opened again. |
 * | `LOCK_HELD` | Somebody else holds the lock; `holderPid` says who, where it can be known. |
 * | `NATIVE_FAILURE` | What should not happen. |
 */
export type NativeErrorCode =
  | 'INVALID_ARGUMENT'
  | 'CLOSED'
  | 'LIBTPMS_NOT_FOUND'
  | 'LIBTPMS_BUSY'
  | 'LIBTPMS_FAILED'
  | 'STATE_CORRUPT'
  | 'STATE_IO'
  | 'LOCK_HELD'
  | 'NATIVE_FAILURE';

/** What the addon exports off Windows. */
export interface NativeAddon {
  /**
   * Starts libtpms in this process with its state in `stateDirectory`, which exists and which the
   * caller has locked. One at a time in a process.
   */
  openLibtpms(stateDirectory: string): Promise<NativeTransport>;
  /** Opens a TPM character device: one write per command, one read per response. */
  openDevice(path: string): Promise<NativeTransport>;
  /**
   * Creates the file if needed, takes flock(LOCK_EX|LOCK_NB) on it and writes this process's id
   * into it. Throws with code `LOCK_HELD` and a number `holderPid` when it is taken, by another
   * process or by this one. Keep the object: the lock goes when it is collected.
   */
  lockFile(path: string): NativeFileLock;
  /** User id of the other end of a connected UNIX socket, as the kernel vouches for it. */
  peerUser(descriptor: number): number;
  /** Has what arrived on a TCP socket acknowledged at once; holds until the next read. */
  acknowledgeAtOnce(descriptor: number): void;
}

/** node-gyp-build: requires the addon of the package at `root`; `path` says which file that is. */
interface NodeGypBuild {
  (root: string): unknown;
  path(root: string): string;
}

// One level above this file, in the sources (lib/) as in what is published (dist/).
const PACKAGE_ROOT = fileURLToPath(new URL('..', import.meta.url));

let loaded: NativeAddon | undefined;

/**
 * The native addon, loaded at the first call: a build in `build/`, else the prebuild for this platform.
 *
 * @throws VirtualSmartCardError `ERR_NATIVE_ADDON`, which says why it cannot be loaded and what to do
 */
export function loadNative(): NativeAddon {
  loaded ??= loadNativeFrom(PACKAGE_ROOT);
  return loaded;
}

/** @internal Loads the addon of the package at `root`, for tests. */
export function loadNativeFrom(root: string): NativeAddon {
  const require = createRequire(import.meta.url);
  let file: string | undefined;
  try {
    const nodeGypBuild = require('node-gyp-build') as NodeGypBuild;
    file = nodeGypBuild.path(root);
    return require(file) as NativeAddon;
  } catch (error) {
    throw explainLoadFailure(error, { root, file });
  }
}
