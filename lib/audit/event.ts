/**
 * A life-cycle act. `verify-pin`, `sign` and `decrypt` are told of only when the PIN was what failed.
 * `enroll` and `request` come after the acts that they are made of. `write-file` is one of a channel.
 */
export type AuditAct =
  | 'create-card'
  | 'destroy-card'
  | 'reset-tpm-lockout'
  | 'enroll'
  | 'request'
  | 'create-key'
  | 'import-key'
  | 'delete-key'
  | 'set-default'
  | 'install-certificate'
  | 'delete-certificate'
  | 'change-pin'
  | 'unblock'
  | 'change-admin-key'
  | 'verify-admin-key'
  | 'verify-pin'
  | 'sign'
  | 'decrypt'
  | 'attest'
  | 'write-file';

/** Who did it, as far as the system vouches for it. */
export interface AuditWho {
  /** Name of the user, where it is known. */
  user?: string;
  /** User id; undefined on Windows, and of programs behind a reader. */
  uid?: number;
  /** Process id; undefined of others than this process. */
  pid?: number;
}

/** One act, done or failed. It holds no PIN, PUK, admin key, authorisation or private key. */
export interface AuditEvent {
  /** When it ended, ISO 8601 in UTC. */
  time: string;
  /** What was done. */
  act: AuditAct;
  /** Who did it: this process, or the client of `serve`. */
  who: AuditWho;
  /**
   * Which way it came. `library`: a call of this process. `serve`: a client of the store that this
   * process serves. `reader`: a program that uses the card in a reader that this process publishes to.
   */
  via: 'library' | 'serve' | 'reader';
  /** Whose cards. */
  backend: 'embedded' | 'windows' | 'pcsc';
  /** The card's device instance id; undefined where there is none, as when no card was made. */
  instanceId?: string;
  /** The card's 16-byte identifier as a UUID, which no other card ever has. */
  cardId?: string;
  /** The container that it was about. */
  container?: string;
  /** Via `serve` and `reader`: the key reference or the data object that the command names, hexadecimal. */
  object?: string;
  /** `ok`, or the `code` of the error that the caller got. */
  outcome: string;
  /** Tries that a wrong PIN or PUK has left. */
  triesLeft?: number;
  /** Time that it took. */
  durationMs: number;
}

/** An act before it is told: what the trail adds itself is left out. */
export type RecordedAct = Omit<
  AuditEvent,
  'time' | 'who' | 'via' | 'backend' | 'outcome' | 'triesLeft' | 'durationMs'
>;
