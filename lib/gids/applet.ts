import { VirtualSmartCardError } from '../errors.js';
import { concatSecret, wipe } from '../secret.js';
import { Turns } from '../turns.js';
import { CHAINING_BIT, encodeResponse, Instruction, parseCommand, StatusWord } from './apdu.js';
import { generalAuthenticate } from './applet/admin-authentication.js';
import { attestKey } from './applet/attest-key.js';
import { CommandChain } from './applet/command-chain.js';
import { getData, putData } from './applet/data-object-commands.js';
import { activateFile, createFile, deleteFile, select } from './applet/file-commands.js';
import { generateKeyPair } from './applet/key-commands.js';
import { changePin, resetPin, verify } from './applet/pin-commands.js';
import { failureOf, Refusal } from './applet/refusal.js';
import { ResponseQueue } from './applet/response-queue.js';
import { manageSecurityEnvironment } from './applet/security-environment.js';
import { performSecurityOperation } from './applet/security-operations.js';
import { type CommandHandler, Session } from './applet/session.js';
import type { CardVault } from './card-vault.js';
import type { ApduChannel } from './channel.js';

const HANDLERS: ReadonlyMap<number, CommandHandler> = new Map<number, CommandHandler>([
  [Instruction.SELECT, select],
  [Instruction.CREATE_FILE, createFile],
  [Instruction.ACTIVATE_FILE, activateFile],
  [Instruction.DELETE_FILE, deleteFile],
  [Instruction.GET_DATA, getData],
  [Instruction.PUT_DATA, putData],
  [Instruction.VERIFY, verify],
  [Instruction.CHANGE_REFERENCE_DATA, changePin],
  [Instruction.RESET_RETRY_COUNTER, resetPin],
  [Instruction.GENERAL_AUTHENTICATE, generalAuthenticate],
  [Instruction.MANAGE_SECURITY_ENVIRONMENT, manageSecurityEnvironment],
  [Instruction.PERFORM_SECURITY_OPERATION, performSecurityOperation],
  [Instruction.GENERATE_KEY_PAIR, generateKeyPair],
  [Instruction.ATTEST_KEY, attestKey],
]);

/**
 * The card side of GIDS (Microsoft's "Generic Identity Device Specification"): answers a host's
 * APDUs from what the vault holds. One applet is one channel to the card, with its own PIN state,
 * current file, security environment and command chain. The application is selected from the
 * start; SELECT by name selects it anew and leaves the PIN state as it is.
 *
 * Whatever bytes come, the answer is a status word; {@link takeFailure} has the error behind it.
 *
 * @example
 * ```ts
 * const turns = new Turns();
 * const channel = new GidsApplet(vault, turns);
 * const response = await channel.transmit(encodeCommand({ ins: Instruction.VERIFY, p1: 0, p2: 0x80, data: pin }));
 * ```
 */
export class GidsApplet implements ApduChannel {
  readonly #session: Session;
  readonly #turns: Turns;
  readonly #chain = new CommandChain();
  readonly #responses = new ResponseQueue();
  /** Within `exclusively`: the order of this channel's own commands in the card's one turn. */
  #exclusiveTurns: Turns | undefined;
  #failure: unknown;
  #isClosed = false;

  /**
   * @param turns - shared by all channels of one card, so that one APDU at a time is carried out
   */
  constructor(vault: CardVault, turns: Turns) {
    this.#session = new Session(vault);
    this.#turns = turns;
  }

  /** @throws VirtualSmartCardError `ERR_CLOSED` after `close` */
  transmit(command: Uint8Array): Promise<Buffer> {
    if (this.#isClosed) {
      return Promise.reject(new VirtualSmartCardError('ERR_CLOSED', 'This channel was closed.'));
    }
    const bytes = concatSecret(command);
    return this.#ownTurns.take(() => this.#process(bytes));
  }

  /** Work that is begun while other such work of this channel runs shares its turn. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    if (this.#exclusiveTurns) return work();
    return this.#turns.take(async () => {
      const exclusiveTurns = new Turns();
      this.#exclusiveTurns = exclusiveTurns;
      try {
        return await work();
      } finally {
        this.#exclusiveTurns = undefined;
        // What the work left unawaited ends before another channel's turn.
        await exclusiveTurns.take(async () => undefined);
      }
    });
  }

  reset(): Promise<void> {
    return this.#ownTurns.take(() => this.#reset());
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return this.reset();
  }

  get revision(): object {
    return this.#session.vault.state;
  }

  takeFailure(): unknown {
    const failure = this.#failure;
    this.#failure = undefined;
    return failure;
  }

  get #ownTurns(): Turns {
    return this.#exclusiveTurns ?? this.#turns;
  }

  async #process(bytes: Buffer): Promise<Buffer> {
    this.#failure = undefined;
    let chained: Uint8Array | undefined;
    try {
      const command = parseCommand(bytes);
      if (command?.ins === Instruction.GET_RESPONSE && command.cla === 0) {
        return this.#getResponse(command.p1 | command.p2, command.le);
      }
      this.#responses.clear();
      if (!command) throw new Refusal(StatusWord.WRONG_LENGTH);
      if ((command.cla & ~CHAINING_BIT) !== 0) throw new Refusal(StatusWord.CLASS_NOT_SUPPORTED);
      const handler = HANDLERS.get(command.ins);
      if (!handler) throw new Refusal(StatusWord.INSTRUCTION_NOT_SUPPORTED);
      const whole = this.#chain.add(command);
      if (!whole) return encodeResponse(StatusWord.SUCCESS);
      if (whole !== command) chained = whole.data;
      const result = handler(this.#session, whole);
      const data = result instanceof Promise ? await result : result;
      return this.#responses.respond(data, whole.le);
    } catch (error) {
      this.#chain.drop();
      const failure = failureOf(error);
      this.#failure = failure.error;
      return encodeResponse(failure.statusWord);
    } finally {
      wipe(bytes, chained);
    }
  }

  #getResponse(parameters: number, le: number | undefined): Buffer {
    this.#chain.drop();
    if (parameters !== 0) throw new Refusal(StatusWord.WRONG_P1_P2);
    if (this.#responses.isEmpty) throw new Refusal(StatusWord.CONDITIONS_NOT_SATISFIED);
    return this.#responses.next(le ?? 0);
  }

  async #reset(): Promise<void> {
    this.#chain.drop();
    this.#responses.clear();
    this.#failure = undefined;
    await this.#session.reset();
  }
}
