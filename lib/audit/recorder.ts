import { userInfo } from 'node:os';
import type { BackendKind } from '../backend/backend.js';
import { VirtualSmartCardError } from '../errors.js';
import type { AuditTrail } from './audit-trail.js';
import type { AuditEvent, AuditWho, RecordedAct } from './event.js';

/** What is told of an act that has ended: undefined when it is not worth telling. */
type Describe<T> = (
  outcome: Outcome<T>,
) => RecordedAct | undefined | Promise<RecordedAct | undefined>;

/** How an act ended. */
export type Outcome<T> = { value: T } | { error: unknown };

/** Tells the trail of acts that came one way. */
export class ActRecorder {
  readonly #trail: AuditTrail;
  readonly #source: Pick<AuditEvent, 'who' | 'via' | 'backend'>;

  constructor(trail: AuditTrail, source: Pick<AuditEvent, 'who' | 'via' | 'backend'>) {
    this.#trail = trail;
    this.#source = source;
  }

  /** One for this process's own calls. */
  static ofProcess(trail: AuditTrail, backend: BackendKind): ActRecorder {
    return new ActRecorder(trail, { who: thisProcess(), via: 'library', backend });
  }

  /** The same trail for acts that come another way. */
  from(via: 'serve' | 'reader', who: AuditWho): ActRecorder {
    return new ActRecorder(this.#trail, { ...this.#source, via, who });
  }

  /** Does something and tells of it when it has ended, however it ended; then the caller has it. */
  async record<T>(work: () => Promise<T>, describe: Describe<T>): Promise<T> {
    const start = performance.now();
    const outcome: Outcome<T> = await work().then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    const durationMs = Math.round(performance.now() - start);
    const act = await describe(outcome);
    if (act) {
      await this.#trail.tell({
        time: new Date().toISOString(),
        ...this.#source,
        ...act,
        ...outcomeOf(outcome),
        durationMs,
      });
    }
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  }

  /** Tells of an act whose outcome is told by other means than an error. */
  async tell(
    act: RecordedAct & Pick<AuditEvent, 'outcome' | 'triesLeft' | 'durationMs'>,
  ): Promise<void> {
    await this.#trail.tell({ time: new Date().toISOString(), ...this.#source, ...act });
  }
}

/** Codes alone: a message may have a path or a name in it that nobody has asked for. */
function outcomeOf(outcome: Outcome<unknown>): Pick<AuditEvent, 'outcome' | 'triesLeft'> {
  if (!('error' in outcome)) return { outcome: 'ok' };
  return failureOf(outcome.error);
}

/** An error's code, with the tries that are left. */
export function failureOf(error: unknown): Pick<AuditEvent, 'outcome' | 'triesLeft'> {
  if (!VirtualSmartCardError.is(error)) return { outcome: 'UNEXPECTED_ERROR' };
  const { code, triesLeft } = error;
  return triesLeft === undefined ? { outcome: code } : { outcome: code, triesLeft };
}

/** This process and its user. */
function thisProcess(): AuditWho {
  return { ...userOf(process.geteuid?.()), pid: process.pid };
}

/** A user by id, with the name where it is this process's own or root's. */
export function userOf(uid: number | undefined): AuditWho {
  const name =
    uid === undefined || uid === process.geteuid?.() ? ownName() : uid === 0 ? 'root' : undefined;
  return { ...(name !== undefined && { user: name }), ...(uid !== undefined && { uid }) };
}

/** undefined for a user id that has no name. */
function ownName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined; // Some containers' users are in no list of users.
  }
}
