import { wipe } from '../secret.js';
import { type Answer, type Command, encodePlain, encodeWithPassword } from './command.js';
import {
  HMAC_SESSION_FIRST,
  TPM_CC,
  TPM_RC,
  TPM_RH_LOCKOUT,
  TPM_SE_HMAC,
  TRANSIENT_FIRST,
} from './constants.js';
import { isTpmCode, responseError, tpmError } from './error.js';
import type { AuthorizedCommand, HmacSession } from './hmac-session.js';
import { flushLeftovers } from './leftovers.js';
import { TpmReader } from './reader.js';
import { splitResponse } from './response.js';
import { type SaltParent, startSession } from './start-session.js';
import { readLockout } from './status.js';
import { isResubmitCode, submit, submitOnce } from './submit.js';
import type { TpmTransport } from './transport.js';
import { TpmWriter } from './writer.js';

/** How often one command is tried again after something was done for it. */
const MAX_RECOVERIES = 8;

/** What was made: where it is in the TPM. */
export interface Made {
  handle: number;
}

/** Frees a slot in the TPM; resolves to false when there was nothing to free. */
export type SlotRelease = () => Promise<boolean>;

/**
 * Carries commands out. It chooses how they are authorised: in process by password, elsewhere by one
 * shared HMAC session salted to the storage parent. Sessions want one command at a time, so whoever
 * runs a command with an authorisation holds the TPM's turn.
 */
export class CommandRunner {
  readonly transport: TpmTransport;
  /** Transient objects and sessions that we made and that are still there. */
  readonly ownHandles = new Set<number>();
  /** How to find room, by the response code that asks for it. */
  readonly slotReleases = new Map<number, SlotRelease>();
  #saltParent: SaltParent | undefined;
  #sharedSession: HmacSession | undefined;

  constructor(transport: TpmTransport) {
    this.transport = transport;
    // From the first command on: a program that was killed may have left no slot to open the TPM with.
    const releaseSessions = () => flushLeftovers(this, HMAC_SESSION_FIRST);
    this.slotReleases.set(TPM_RC.SESSION_MEMORY, releaseSessions);
    this.slotReleases.set(TPM_RC.SESSION_HANDLES, releaseSessions);
    this.slotReleases.set(TPM_RC.OBJECT_MEMORY, () => flushLeftovers(this, TRANSIENT_FIRST));
  }

  /** What sessions are to be salted to; undefined in process, where nobody is to be kept out. */
  get saltParent(): SaltParent | undefined {
    return this.transport.inProcess ? undefined : this.#saltParent;
  }

  /** From now on sessions are salted to this storage parent. */
  async saltTo(parent: SaltParent): Promise<void> {
    await this.#dropSharedSession();
    this.#saltParent = parent;
  }

  /** Carries a command out. @throws VirtualSmartCardError as lib/tpm/error.ts makes it */
  async run(command: Command): Promise<Answer> {
    for (let recoveries = 0; ; recoveries += 1) {
      const result = await this.#attempt(command);
      if (typeof result !== 'number') return result;
      const again = recoveries < MAX_RECOVERIES && (await this.#recover(result, command));
      if (!again) throw await this.#failure(result, command);
    }
  }

  /**
   * Carries a command out that makes an object or a session. Should its answer make no sense, the
   * handle is flushed again.
   *
   * @param type - first handle of the range in which the new one must be
   */
  async make<T>(command: Command, type: number, read: (reader: TpmReader) => T): Promise<T & Made> {
    const { handle, reader } = await this.run({ ...command, makesHandle: true });
    if (handle >>> 24 !== type >>> 24 || this.ownHandles.has(handle)) {
      throw responseError(`the impossible handle 0x${handle.toString(16)}`);
    }
    try {
      const made = { handle, ...read(reader) };
      reader.end();
      this.ownHandles.add(handle);
      return made;
    } catch (error) {
      await this.flush(handle).catch(() => {
        // The first error says more.
      });
      throw error;
    }
  }

  /** Carries a command out that answers nothing but that it is done. */
  async perform(command: Command): Promise<void> {
    const { reader } = await this.run(command);
    reader.end();
  }

  /**
   * The short way of a command that is authorised by password: sent at once, out of turn. Resolves
   * to undefined when the TPM wants it sent again, for which the caller takes a turn and `run`.
   */
  async runAtOnce(command: Command, authValue: Uint8Array): Promise<Answer | undefined> {
    const request = encodeWithPassword(command, authValue);
    const sent = submitOnce(this.transport, request.bytes);
    request.wipe();
    const { code, response } = await sent;
    if (code === TPM_RC.SUCCESS) return open(response, command, undefined);
    if (isResubmitCode(code)) return undefined;
    throw await this.#failure(code, command);
  }

  /** Flushes a transient object or a session of ours. */
  async flush(handle: number): Promise<void> {
    this.ownHandles.delete(handle);
    await this.flushForeign(handle);
  }

  /** TPM2_FlushContext, whose handle is a parameter. What is gone already is fine. */
  async flushForeign(handle: number): Promise<void> {
    const parameters = new TpmWriter(4).u32(handle).bytes;
    try {
      await this.perform({ code: TPM_CC.FlushContext, parameters });
    } catch (error) {
      if (!isTpmCode(error, TPM_RC.HANDLE)) throw error;
    }
  }

  /** Forgets session keys; nothing is sent. */
  wipe(): void {
    this.#sharedSession?.wipe();
    this.#sharedSession = undefined;
  }

  async #attempt(command: Command): Promise<Answer | number> {
    if (command.authValue === undefined)
      return this.#send(command, encodePlain(command), undefined);
    const { policySession, authValue } = command;
    if (this.transport.inProcess && !policySession) {
      return this.#send(command, encodeWithPassword(command, authValue), undefined);
    }
    const session = policySession ?? (await this.#session());
    const authorized = session.authorize(command, authValue, !policySession);
    try {
      const result = await this.#send(command, authorized.request, authorized);
      if (policySession && typeof result !== 'number') this.ownHandles.delete(policySession.handle);
      return result;
    } catch (error) {
      // Whether the TPM's nonce has rolled cannot be known any more.
      if (!policySession) await this.#dropSharedSession();
      throw error;
    } finally {
      authorized.wipe();
    }
  }

  async #send(
    command: Command,
    request: TpmWriter,
    authorized: AuthorizedCommand | undefined,
  ): Promise<Answer | number> {
    try {
      const { code, response } = await submit(this.transport, request.bytes);
      if (code !== TPM_RC.SUCCESS) return code;
      return open(response, command, authorized);
    } finally {
      request.wipe();
    }
  }

  async #session(): Promise<HmacSession> {
    this.#sharedSession ??= await startSession(this, TPM_SE_HMAC, this.saltParent);
    return this.#sharedSession;
  }

  async #dropSharedSession(): Promise<void> {
    const session = this.#sharedSession;
    if (!session) return;
    this.wipe();
    await this.flush(session.handle).catch(() => {
      // It is gone already, or the TPM is; what comes next will say so.
    });
  }

  /** Does what lets a failed command succeed; false when nothing was to be done. */
  async #recover(code: number, command: Command): Promise<boolean> {
    if (code === TPM_RC.NEEDS_TEST) {
      await this.perform({ code: TPM_CC.SelfTest, parameters: Uint8Array.of(0) });
      return true;
    }
    if (isLostSession(code) && this.#sharedSession && !command.policySession) {
      await this.#dropSharedSession();
      return true;
    }
    if (command.outOfTurn) return false;
    return (await this.slotReleases.get(code)?.()) ?? false;
  }

  async #failure(code: number, command: Command): Promise<Error> {
    const authorizedHandle =
      command.authValue === undefined ? undefined : command.handles?.[0]?.handle;
    const isLockedOut = code === TPM_RC.LOCKOUT && authorizedHandle !== TPM_RH_LOCKOUT;
    const lockout = isLockedOut
      ? {
          retryAfterMs: (await readLockout(this)).retryAfterMs,
          clockNeedsProgram: this.transport.kind === 'libtpms',
        }
      : undefined;
    return tpmError(code, { command: command.code, authorizedHandle, lockout });
  }
}

/** Takes a successful response apart; one that is not valid is wiped, for it may hold a secret. */
function open(
  response: Buffer,
  command: Command,
  authorized: AuthorizedCommand | undefined,
): Answer {
  try {
    const parts = splitResponse(response, {
      handle: command.makesHandle === true,
      session: command.authValue !== undefined,
      second: command.second !== undefined,
    });
    authorized?.open(response, parts);
    const { start, end } = parts.parameters;
    return { handle: parts.handle, reader: new TpmReader(response, start, end) };
  } catch (error) {
    wipe(response);
    throw error;
  }
}

/** TPM_RC_REFERENCE_S0 and on: the TPM does not hold the session any more, as after its restart. */
function isLostSession(code: number): boolean {
  return code >= 0x918 && code <= 0x91e;
}
