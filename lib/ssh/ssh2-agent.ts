import { checkOptions } from '../arguments.js';
import { describeType, invalidArgument, VirtualSmartCardError } from '../errors.js';
import { VirtualSmartCardManager } from '../manager.js';
import { checkedSignerOptions, SIGNER_OPTIONS, type SshSignerOptions } from './agent-options.js';

/** What the package ssh2 gives an agent to sign with: its own parsed key. */
interface Ssh2Key {
  getPublicSSH(): Uint8Array;
}

/** What is wanted of an RSA signature. */
interface Ssh2SignOptions {
  hash?: string;
}

type Callback<Result> = (error?: Error | null, result?: Result) => void;

/** What {@link ssh2Agent} adds to ssh2's `BaseAgent`. */
export interface Ssh2Agent {
  /**
   * The public keys of the cards. ssh2 calls it.
   *
   * @example `agent.getIdentities((error, keys) => console.log(keys?.length));`
   */
  getIdentities(callback: Callback<Buffer[]>): void;
  /**
   * Signs. ssh2 calls it.
   *
   * @example `agent.sign(key, data, { hash: 'sha256' }, (error, signature) => reply(signature));`
   */
  sign(key: Ssh2Key, data: Uint8Array, options: Ssh2SignOptions, callback: Callback<Buffer>): void;
  sign(key: Ssh2Key, data: Uint8Array, callback: Callback<Buffer>): void;
  /**
   * Locks all cards: the next signature asks for the PIN again.
   *
   * @example `await agent.forgetPins();`
   */
  forgetPins(): Promise<void>;
  /**
   * Locks the cards and lets go of them.
   *
   * @example `await agent.close();`
   */
  close(): Promise<void>;
}

/**
 * An agent for the package ssh2, which takes only what extends its own class: pass that class. Nothing
 * listens anywhere.
 *
 * @param BaseAgent - ssh2's
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 * @example
 * ```ts
 * import { BaseAgent, Client } from 'ssh2';
 * const agent = ssh2Agent(BaseAgent, manager, { onPin });
 * new Client().connect({ host, username, agent });
 * ```
 */
export function ssh2Agent<Base extends object>(
  BaseAgent: abstract new () => Base,
  manager: VirtualSmartCardManager,
  options: SshSignerOptions = {},
): Base & Ssh2Agent {
  if (typeof BaseAgent !== 'function') {
    throw invalidArgument('BaseAgent', "ssh2's class BaseAgent", describeType(BaseAgent));
  }
  if (!(manager instanceof VirtualSmartCardManager)) {
    throw invalidArgument('manager', 'a VirtualSmartCardManager', describeType(manager));
  }
  checkOptions(options, SIGNER_OPTIONS);
  const checked = checkedSignerOptions(options);
  // Calls wait for it in their order: one that locks stops a signature that was asked for before it.
  const loading = import('./ssh2-signer.js').then(
    ({ Ssh2Signer }) => new Ssh2Signer(manager, checked),
  );
  // It is told by each call that waits for it.
  loading.catch(() => undefined);
  const methods: Ssh2Agent = {
    getIdentities(callback) {
      answer(callback, async () => (await loading).identities());
    },
    sign(
      key: Ssh2Key,
      data: Uint8Array,
      wanted: Ssh2SignOptions | Callback<Buffer>,
      last?: Callback<Buffer>,
    ) {
      const callback = typeof wanted === 'function' ? wanted : last;
      const hash = typeof wanted === 'function' ? undefined : wanted?.hash;
      answer(callback ?? (() => undefined), async () => {
        const blob = key.getPublicSSH();
        return (await loading).sign(blob, data, hash);
      });
    },
    forgetPins: async () => (await loading).forgetPins(),
    close: async () => (await loading).close(),
  };
  const Extended = BaseAgent as new () => Base;
  return Object.assign(new Extended(), methods);
}

/** What a callback throws is its own: it must not be called again because of that. */
function answer<Result>(callback: Callback<Result>, work: () => Promise<Result>): void {
  work().then(
    (result) => setImmediate(callback, undefined, result),
    (error: unknown) => setImmediate(callback, asError(error)),
  );
}

function asError(error: unknown): Error {
  if (VirtualSmartCardError.is(error) || error instanceof Error) return error;
  return new Error(String(error));
}
