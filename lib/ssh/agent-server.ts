import { createServer, type Server, type Socket } from 'node:net';
import { checkText } from '../arguments.js';
import { VirtualSmartCardError } from '../errors.js';
import type { VirtualSmartCardManager } from '../manager.js';
import { loadNative } from '../native.js';
import { socketDescriptor } from '../socket-descriptor.js';
import type { SshAgentOptions } from './agent.js';
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
import { checkedSignerOptions, type SshSignerOptions } from './agent-options.js';
import { checkSocketPath, defaultSocketPath, listenForOwner } from './agent-socket.js';
import { signatureBlob } from './signature.js';
import { SshSigner } from './signer.js';
import { WireError } from './wire.js';

const MAX_PATH_TEXT = 4096;
/** More than a person's programs ever have open at once. */
const MAX_CONNECTIONS = 256;
const ROOT = 0;

/** What an `SshAgent` stands for: listens, and answers the messages of the clients that may come in. */
export class AgentServer {
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

  /** Starts one, as `SshAgent.start`, with options whose names have been checked. */
  static async start(
    manager: VirtualSmartCardManager,
    { socketPath, ...signing }: SshAgentOptions,
  ): Promise<AgentServer> {
    const path = checkText(socketPath ?? defaultSocketPath(), 'socketPath', MAX_PATH_TEXT);
    const agent = new AgentServer(manager, checkSocketPath(path), signing);
    // A slip of the pen would show as an agent without keys.
    if (signing.instanceId !== undefined) await manager.info(signing.instanceId);
    agent.#release = await listenForOwner(agent.#server, path);
    return agent;
  }

  async forgetPins(): Promise<void> {
    await this.#signer.forgetPins();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
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
