import { createServer, type Server, type Socket } from 'node:net';
import { checkOptions, checkText } from '../arguments.js';
import { describeType, invalidArgument, VirtualSmartCardError } from '../errors.js';
import { VirtualSmartCardManager } from '../manager.js';
import { loadNative } from '../native.js';
import { socketDescriptor } from '../socket-descriptor.js';
import { AgentConnection } from './agent-connection.js';
import { AgentLock } from './agent-lock.js';
import {
  type AgentRequest,
  decodeRequest,
  FAILURE_REPLY,
  identitiesReply,
  SUCCESS_REPLY,
  signReply,
} from './agent-message.js';
import { checkedSignerOptions, SIGNER_OPTIONS, type SshSignerOptions } from './agent-options.js';
import { checkSocketPath, defaultSocketPath, listenForOwner } from './agent-socket.js';
import { signatureBlob } from './signature.js';
import { SshSigner } from './signer.js';
import { WireError } from './wire.js';

/** How an ssh agent is started. */
export interface SshAgentOptions extends SshSignerOptions {
  /**
   * Where it listens: a UNIX socket in a directory that only this user can enter, or on Windows a
   * named pipe. Default: `virtual-smartcard/agent.sock` in XDG_RUNTIME_DIR, else
   * `virtual-smartcard-UID/agent.sock` in the folder for temporary files; on Windows the pipe where
   * OpenSSH looks by itself.
   */
  socketPath?: string | undefined;
}

const OPTIONS = [...SIGNER_OPTIONS, 'socketPath'];
const MAX_PATH_TEXT = 4096;
/** More than a person's programs ever have open at once. */
const MAX_CONNECTIONS = 256;
const ROOT = 0;

/**
 * An ssh agent that serves the keys of a manager's cards to `ssh`, `git`, `ssh-add` and all others
 * that speak the agent protocol: list, sign, lock and unlock. Keys that are made and deleted come and
 * go. `ssh-add -D` has the PINs forgotten; keys cannot be added or removed.
 *
 * @example
 * ```ts
 * await using agent = await SshAgent.start(manager, { onPin: ({ cardName }) => askFor(cardName) });
 * spawn('ssh', ['host'], { env: { ...process.env, SSH_AUTH_SOCK: agent.socketPath }, stdio: 'inherit' });
 * ```
 */
export class SshAgent {
  /** What SSH_AUTH_SOCK has to be for programs that shall use it. */
  readonly socketPath: string;
  readonly #server: Server;
  readonly #signer: SshSigner;
  readonly #onWarning: (warning: VirtualSmartCardError) => void;
  readonly #lock = new AgentLock();
  readonly #connections = new Set<AgentConnection>();
  #release: () => void = () => undefined;
  #closing: Promise<void> | undefined;

  private constructor(
    manager: VirtualSmartCardManager,
    socketPath: string,
    options: SshSignerOptions,
  ) {
    const checked = checkedSignerOptions(options);
    this.socketPath = socketPath;
    this.#signer = new SshSigner(manager, checked);
    this.#onWarning = checked.onWarning;
    this.#server = createServer((socket) => this.#accept(socket));
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /**
   * Starts an agent; it ends with `close`. Close it before the manager.
   *
   * @throws VirtualSmartCardError `ERR_SSH_AGENT` (it cannot listen there), `ERR_INVALID_ARGUMENT`,
   * `ERR_CARD_NOT_FOUND` (`instanceId`)
   * @example
   * ```ts
   * const agent = await SshAgent.start(manager, { lifetimeMs: 60_000, onPin, onConfirm });
   * ```
   */
  static async start(
    manager: VirtualSmartCardManager,
    options: SshAgentOptions = {},
  ): Promise<SshAgent> {
    if (!(manager instanceof VirtualSmartCardManager)) {
      throw invalidArgument('manager', 'a VirtualSmartCardManager', describeType(manager));
    }
    checkOptions(options, OPTIONS);
    const { socketPath, ...signing } = options;
    const path = checkText(socketPath ?? defaultSocketPath(), 'socketPath', MAX_PATH_TEXT);
    const agent = new SshAgent(manager, checkSocketPath(path), signing);
    // A slip of the pen would show as an agent without keys.
    if (signing.instanceId !== undefined) await manager.info(signing.instanceId);
    agent.#release = await listenForOwner(agent.#server, path);
    return agent;
  }

  /**
   * Locks all cards: the next signature asks for the PIN again.
   *
   * @example `await agent.forgetPins();`
   */
  async forgetPins(): Promise<void> {
    await this.#signer.forgetPins();
  }

  /**
   * Ends the agent, cuts its clients off and locks the cards. `await using` does it by itself. Safe to
   * call twice.
   *
   * @example `await agent.close();`
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const connections = [...this.#connections];
    for (const connection of connections) connection.close();
    try {
      await this.#signer.close();
      await Promise.all(connections.map(({ ended }) => ended));
      await closed;
    } finally {
      this.#release();
    }
  }

  #accept(socket: Socket): void {
    if (this.#closing || !isAllowed(socket)) {
      socket.destroy();
      return;
    }
    const connection = new AgentConnection(socket, (message, signal) =>
      this.#answer(message, signal),
    );
    this.#connections.add(connection);
    connection.ended.then(() => this.#connections.delete(connection));
  }

  async #answer(message: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    try {
      return await this.#carryOut(decodeRequest(message), signal);
    } catch (error) {
      if (error instanceof WireError) return FAILURE_REPLY;
      if (!VirtualSmartCardError.is(error)) throw error;
      // A client that has gone does not want to know.
      if (!signal.aborted && !this.#closing) this.#onWarning(error);
      return FAILURE_REPLY;
    }
  }

  async #carryOut(request: AgentRequest, signal: AbortSignal): Promise<Uint8Array> {
    switch (request.kind) {
      case 'lock': {
        const isLocked = await this.#lock.lock(request.passphrase);
        if (isLocked) await this.#signer.forgetPins();
        return isLocked ? SUCCESS_REPLY : FAILURE_REPLY;
      }
      case 'unlock':
        return (await this.#lock.unlock(request.passphrase)) ? SUCCESS_REPLY : FAILURE_REPLY;
      case 'identities':
        return identitiesReply(this.#lock.isLocked ? [] : await this.#signer.publicKeys());
      case 'sign': {
        if (this.#lock.isLocked) return FAILURE_REPLY;
        const { blob, data, flags } = request;
        const { name, content } = await this.#signer.sign(blob, data, flags, signal);
        return signReply(signatureBlob(name, content));
      }
      case 'removeAll':
        if (this.#lock.isLocked) return FAILURE_REPLY;
        await this.#signer.forgetPins();
        return SUCCESS_REPLY;
      default:
        return FAILURE_REPLY;
    }
  }
}

/** The directory keeps others out; the kernel says so as well. A named pipe has its own rules. */
function isAllowed(socket: Socket): boolean {
  if (process.platform === 'win32') return true;
  const user = loadNative().peerUser(socketDescriptor(socket));
  return user === ROOT || user === process.geteuid?.();
}
