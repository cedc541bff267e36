import { connect } from 'node:net';
import { creationStatus } from '../../creation-status.js';
import { VirtualSmartCardError } from '../../errors.js';
import { concatSecret } from '../../secret.js';
import type { Frame, Header } from '../../serve/frame.js';
import { FrameSocket } from '../../serve/frame-socket.js';
import { PROTOCOL_VERSION } from '../../serve/protocol.js';
import { SocketPlace } from '../../serve/socket-place.js';
import { decodeError, serviceGone } from '../../serve/wire-error.js';
import type { CardEvent, LongCallOptions } from '../backend.js';
import { CardEventQueue } from '../card-event-queue.js';
import { Pulse } from './pulse.js';

/** A service that runs greets at once, unless the machine is very busy. */
const GREETING_LIMIT_MS = 10_000;
const ROOT = 0;

/** What a call came to. The attachments are memory of their own, which the caller wipes. */
export interface Answer {
  result: unknown;
  attachments: Buffer[];
}

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: unknown): void;
  onProgress: LongCallOptions['onProgress'];
}

/** One connection to the process that serves the store: calls and their answers, and events. */
export class ServiceConnection {
  /** Process id of the service. */
  servedBy = 0;
  readonly #frames: FrameSocket;
  readonly #calls = new Map<number, Waiting>();
  readonly #watches = new Map<number, CardEventQueue>();
  readonly #pulse = new Pulse(
    () => this.#frames.send({ ping: true }),
    () => this.#frames.destroy(new Error('it gives no sign of life')),
  );
  #lastCall = 0;
  #onGreeting: (frame: Frame) => void = () => undefined;
  #isGreeted = false;
  #isEnded = false;

  private constructor(address: string) {
    this.#frames = new FrameSocket(
      (onread) => {
        const socket = connect({ path: address, onread });
        // Before anything is sent or believed.
        socket.on('connect', () => this.#checkPeer());
        return socket;
      },
      (frame) => this.#take(frame),
    );
    this.#frames.ended.then((failure) => this.#end(failure));
  }

  /**
   * @throws VirtualSmartCardError `ERR_SERVICE_GONE` when nobody serves the store, `ERR_ACCESS_DENIED`
   * when it is somebody else who does, and what the service says when it refuses
   */
  static async open(stateDirectory: string): Promise<ServiceConnection> {
    const place = await SocketPlace.of(stateDirectory).catch((error) => {
      throw serviceGone('cannot be reached', error);
    });
    try {
      const connection = new ServiceConnection(place.address);
      await connection.#greeted();
      connection.#frames.keepAlive(false);
      return connection;
    } finally {
      await place.close();
    }
  }

  get isOpen(): boolean {
    return !this.#isEnded && this.#frames.isOpen;
  }

  /**
   * Has the service do something. A pending call keeps the process alive.
   *
   * @param attachments - sent before this returns, so that the caller can wipe them
   * @throws VirtualSmartCardError what the service answers, or `ERR_SERVICE_GONE`
   */
  call(
    method: string,
    params: Header = {},
    attachments: readonly Uint8Array[] = [],
    { onProgress, signal }: LongCallOptions = {},
  ): Promise<Answer> {
    if (!this.isOpen) return Promise.reject(serviceGone('is gone'));
    const id = ++this.#lastCall;
    const cancel = () => this.#frames.send({ cancel: id });
    const answer = new Promise<Answer>((resolve, reject) => {
      this.#calls.set(id, { resolve, reject, onProgress });
    });
    try {
      this.#frames.send({ id, method, params }, attachments);
    } catch (error) {
      // Too long for a frame.
      this.#calls.delete(id);
      return Promise.reject(error);
    }
    if (this.#calls.size === 1) this.#await(true);
    if (!signal) return answer;
    signal.addEventListener('abort', cancel, { once: true });
    if (signal.aborted) cancel();
    return answer.finally(() => signal.removeEventListener('abort', cancel));
  }

  /** Events of the service's cards; they end with `ERR_SERVICE_GONE` when it goes. */
  async watch(onClose: (watch: CardEventQueue) => void): Promise<CardEventQueue> {
    const id = this.#lastCall + 1;
    const queue = new CardEventQueue(async () => {
      this.#watches.delete(id);
      onClose(queue);
      // When it is gone, so is the watch.
      if (this.isOpen) await this.call('unwatch', { watch: id }).catch(() => undefined);
    });
    this.#watches.set(id, queue);
    try {
      await this.call('watch');
      return queue;
    } catch (error) {
      this.#watches.delete(id);
      throw error;
    }
  }

  close(): void {
    this.#frames.end();
  }

  async #greeted(): Promise<void> {
    const timer = setTimeout(() => {
      this.#frames.destroy(new Error('it says nothing'));
    }, GREETING_LIMIT_MS);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#onGreeting = ({ header }) => {
          this.#isGreeted = true;
          if (header['refused'] !== undefined) throw decodeError(header['refused']);
          if (header['protocol'] !== PROTOCOL_VERSION) throw otherVersion();
          this.servedBy = Number(header['pid']);
          resolve();
        };
        this.#frames.ended.then((failure) => {
          const why = failure ?? new Error('it ended the connection');
          reject(VirtualSmartCardError.is(why) ? why : serviceGone('cannot be reached', why));
        });
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** PINs go to who listens. */
  #checkPeer(): void {
    try {
      const user = this.#frames.peerUser;
      if (user === ROOT || user === process.geteuid?.()) return;
      throw new VirtualSmartCardError(
        'ERR_ACCESS_DENIED',
        `It is user ${user} who serves the store, who is not to be given PINs.`,
      );
    } catch (error) {
      this.#frames.destroy(error as Error);
    }
  }

  #take(frame: Frame): void {
    const { id, progress, status, watch, pong } = frame.header;
    this.#pulse.heard();
    if (!this.#isGreeted) this.#onGreeting(frame);
    else if (pong === true) return;
    else if (typeof progress === 'number') this.#report(progress, status);
    else if (typeof watch === 'number') this.#tell(watch, frame.header);
    else this.#answer(id as number, frame);
  }

  #answer(id: number, { header, attachments }: Frame): void {
    const call = this.#calls.get(id);
    if (!call) throw new RangeError('an answer to nothing');
    const { result, error } = header;
    if (error !== undefined) call.reject(decodeError(error));
    else call.resolve({ result, attachments: attachments.map((each) => concatSecret(each)) });
    this.#calls.delete(id);
    if (this.#calls.size === 0) this.#await(false);
  }

  /** Whether an answer is waited for. */
  #await(waits: boolean): void {
    this.#frames.keepAlive(waits);
    if (waits) this.#pulse.start();
    else this.#pulse.stop();
  }

  #tell(watch: number, { event, error }: Header): void {
    const queue = this.#watches.get(watch);
    if (error === undefined) queue?.push(event as CardEvent);
    else queue?.fail(decodeError(error));
  }

  #report(id: number, status: unknown): void {
    this.#calls.get(id)?.onProgress?.(creationStatus(status as never));
  }

  #end(failure: Error | undefined): void {
    this.#isEnded = true;
    this.#pulse.stop();
    const reason = serviceGone('is gone', failure);
    for (const { reject } of this.#calls.values()) reject(reason);
    this.#calls.clear();
    for (const watch of [...this.#watches.values()]) watch.fail(reason);
  }
}

function otherVersion(): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_NOT_SUPPORTED',
    'The process that serves the store is of a version that this one does not understand. Restart it with this version.',
  );
}
