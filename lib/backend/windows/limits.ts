/** How long the calls into Windows may take, in milliseconds. */
export interface TimeLimits {
  /** Making a card: seconds as a rule, but a user may have to answer, or a distant service. */
  create: number;
  destroy: number;
  /** Questions about readers and the TPM, and connecting to a card. */
  query: number;
  /** A command to a card, or the wait for another program's transaction: a TPM may take minutes for a key. */
  command: number;
  /** A call of Windows' key providers, which may hang: a TPM may take minutes for a key here, too. */
  key: number;
  /** A certification authority's answer, which a policy module may take its time for. */
  authority: number;
  /** How long an aborted call may take to come back. */
  grace: number;
  /** How long a new card's reader is waited for: the device manager lags behind. */
  settle: number;
}

export const TIME_LIMITS: TimeLimits = {
  create: 10 * 60_000,
  destroy: 5 * 60_000,
  query: 30_000,
  command: 5 * 60_000,
  key: 5 * 60_000,
  authority: 5 * 60_000,
  grace: 10_000,
  settle: 5_000,
};
