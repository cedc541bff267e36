/** The addon's transports: the TPM layer wraps them. */
export interface NativeTransport {
  /** One TPM command in, its response out; carried out in order on the transport's own thread. */
  transmit(command: Uint8Array): Promise<Buffer>;
  close(): Promise<void>;
}

/** An advisory lock on a file, held until released or until the process ends. */
export interface NativeFileLock {
  release(): void;
}

/** What the addon exports off Windows. Its errors have `code` (a string) and a message, nothing else. */
export interface NativeAddon {
  /**
   * Starts libtpms in this process with its state in `stateDirectory` (which exists). Rejects with
   * code `LIBTPMS_NOT_FOUND`, `LIBTPMS_BUSY` (it runs on another directory already) or `LIBTPMS_FAILED`.
   */
  openLibtpms(stateDirectory: string): Promise<NativeTransport>;
  /** Opens a TPM character device. Rejects with the errno's name as code (`ENOENT`, `EACCES` …). */
  openDevice(path: string): Promise<NativeTransport>;
  /**
   * Creates the file if needed, takes flock(LOCK_EX|LOCK_NB) on it and writes this process's id
   * into it. Throws with code `LOCK_HELD` and a number `holderPid` when it is taken.
   */
  lockFile(path: string): NativeFileLock;
}
