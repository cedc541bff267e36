import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { VirtualSmartCardError } from '../errors.js';
import { concatSecret, wipe } from '../secret.js';
import type { Call, Reply } from './call.js';
import { ClientResources, type ServableBackend } from './client-resources.js';
import type { Frame, Header } from './frame.js';
import { adoptSocket, FrameSocket } from './frame-socket.js';
import { METHODS } from './methods.js';
import { encodeError } from './wire-error.js';

/** From here on a client is read no further until some of his calls have ended. */
const MAX_CALLS = 1024;
const MAX_CALL_BYTES = 4 * 1024 * 1024;
/** The same for answers that he does not take, */
const MAX_BACKLOG = 1024 * 1024;
/** and so many are the end of someone who is told of cards and does not listen. */
const BACKLOG_LIMIT = 4 * MAX_BACKLOG;
/** For so long the end of calls and of a connection is waited for, when the service is closed. */
const PATIENCE_MS = 1_000;

interface CallUnderWay {
  controller: AbortController;
  ended: Promise<void>;
}

/** A client of the service: one connection, its calls, and what it has open. */
export class ClientSession {
  /** Resolves when the connection has ended and nothing of the client is left. */
  readonly ended: Promise<void>;
  readonly #frames: FrameSocket;
  readonly #resources: ClientResources;
  readonly #calls = new Map<number, CallUnderWay>();
  #callBytes = 0;
  #isClosing = false;

  constructor(accepted: Socket, backend: ServableBackend) {
    this.#frames = new FrameSocket(
      (onread) => adoptSocket(accepted, onread),
      (frame) => this.#take(frame),
    );
    // Of those that it has, it is the same backend.
    const own = backend.actingFor?.(this.peerUser) as ServableBackend | undefined;
    this.#resources = new ClientResources(own ?? backend);
    this.#frames.onDrain(() => this.#readOn());
    this.ended = this.#frames.ended.then(() => this.#letGo());
  }

  /** User id of the client; undefined when he is gone already. */
  get peerUser(): number | undefined {
    try {
      return this.#frames.peerUser;
    } catch {
      // The system has no answer for a connection that has ended.
      return undefined;
    }
  }

  /** Says who serves, and in which version of the protocol. The client says nothing of that kind. */
  greet(greeting: Header): void {
    this.#frames.send(greeting);
  }

  /** Tells the client why he is not served, and ends the connection. */
  refuse(reason: VirtualSmartCardError): void {
    this.#isClosing = true;
    this.#frames.send({ refused: encodeError(reason) });
    this.#end();
  }

  /** Ends the connection: calls that can be stopped are, commands under way are answered. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const calls = [...this.#calls.values()].map(({ ended }) => ended);
    await this.#letGo();
    await Promise.race([Promise.all(calls), sleep(PATIENCE_MS, undefined, { ref: false })]);
    this.#end();
    await this.ended;
  }

  /** Someone who does not take what was sent is not waited for. */
  #end(): void {
    this.#frames.end();
    setTimeout(() => this.#frames.destroy(), PATIENCE_MS).unref();
  }

  async #letGo(): Promise<void> {
    for (const { controller } of this.#calls.values()) controller.abort();
    await this.#resources.close();
  }

  #take({ header, attachments }: Frame): void {
    if (this.#isClosing) return;
    const { id, method, params = {}, cancel, ping } = header;
    if (ping === true) {
      this.#frames.send({ pong: true });
      return;
    }
    if (typeof cancel === 'number') {
      this.#calls.get(cancel)?.controller.abort();
      return;
    }
    if (!isNumber(id) || this.#calls.has(id) || typeof method !== 'string' || !isObject(params)) {
      throw new RangeError('a message that is no request');
    }
    const controller = new AbortController();
    const copies = attachments.map((each) => concatSecret(each));
    const bytes = copies.reduce((sum, each) => sum + each.length, 0);
    this.#callBytes += bytes;
    const call = {
      id,
      params,
      attachments: copies,
      signal: controller.signal,
      notify: (notice: Header) => this.#notify(notice),
    };
    const ended = this.#carryOut(method, call).then((answered) => {
      wipe(...copies, ...answered);
      this.#calls.delete(id);
      this.#callBytes -= bytes;
      this.#readOn();
    });
    this.#calls.set(id, { controller, ended });
    if (this.#isBusy) this.#frames.pause();
  }

  /** @returns what was sent, to be wiped */
  async #carryOut(method: string, call: Call): Promise<readonly Uint8Array[]> {
    const { id } = call;
    try {
      const { result, attachments = [] } = await this.#perform(method, call);
      this.#frames.send({ id, result }, attachments);
      return attachments;
    } catch (error) {
      this.#frames.send({ id, error: encodeError(error) });
      return [];
    }
  }

  async #perform(method: string, call: Call): Promise<Reply> {
    const perform = METHODS.get(method);
    if (perform) return perform(this.#resources, call);
    throw new VirtualSmartCardError(
      'ERR_NOT_SUPPORTED',
      'The process that serves the store is of another version. Restart it.',
    );
  }

  #notify(notice: Header): void {
    this.#frames.send(notice);
    if (this.#frames.backlog > BACKLOG_LIMIT) this.#frames.destroy();
  }

  get #isBusy(): boolean {
    return (
      this.#calls.size >= MAX_CALLS ||
      this.#callBytes >= MAX_CALL_BYTES ||
      this.#frames.backlog >= MAX_BACKLOG
    );
  }

  #readOn(): void {
    if (!this.#isBusy) this.#frames.resume();
  }
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

function isObject(value: unknown): value is Header {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
