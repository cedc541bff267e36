import { checkOptions } from '../arguments.js';
import { describeType, invalidArgument } from '../errors.js';
import { VirtualSmartCardManager } from '../manager.js';
import { SIGNER_OPTIONS, type SshSignerOptions } from './agent-options.js';
import type { AgentServer } from './agent-server.js';

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
  readonly #server: AgentServer;

  private constructor(server: AgentServer) {
    this.#server = server;
    this.socketPath = server.socketPath;
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
    // A copy: what the caller does to theirs from now on changes nothing.
    const own = { ...options };
    const { AgentServer } = await import('./agent-server.js');
    return new SshAgent(await AgentServer.start(manager, own));
  }

  /**
   * Locks all cards: the next signature asks for the PIN again.
   *
   * @example `await agent.forgetPins();`
   */
  async forgetPins(): Promise<void> {
    await this.#server.forgetPins();
  }

  /**
   * Ends the agent, cuts its clients off and locks the cards. `await using` does it by itself. Safe to
   * call twice.
   *
   * @example `await agent.close();`
   */
  close(): Promise<void> {
    return this.#server.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
