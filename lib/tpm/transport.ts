/** A way to a TPM 2.0: one command in, one response out. */
export interface TpmTransport {
  /** What kind of TPM this is, for `info` and for the choice of sessions. */
  readonly kind: 'libtpms' | 'device' | 'swtpm';
  /** The address as the `tpm` option spells it: `libtpms`, `device:PATH`, `swtpm:unix:PATH`, `swtpm:tcp:HOST:PORT`. */
  readonly address: string;
  /** True when command bytes never leave this process, so a password session shows nobody anything. */
  readonly inProcess: boolean;
  /**
   * Sends one whole command and resolves to its whole response (header included). Calls may overlap;
   * they are carried out in the order of the calls. The command is copied before the call returns,
   * so the caller may wipe it at once; the response belongs to the caller, who wipes it.
   *
   * Rejects with `ERR_TPM_UNAVAILABLE` when the TPM cannot be reached and `ERR_CLOSED` after close.
   */
  transmit(command: Uint8Array): Promise<Buffer>;
  /**
   * Overwrites what the TPM's code may have kept of these random values (16 to 4096 bytes each).
   * Only where the TPM is in this process.
   */
  forget?(values: readonly Uint8Array[]): Promise<void>;
  /** Finishes what is queued, then lets go of the TPM. Safe to call twice. */
  close(): Promise<void>;
}
