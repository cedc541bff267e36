import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { encodeFrame, type Frame, type Header } from '../../lib/serve/frame.js';
import { FrameReader } from '../../lib/serve/frame-reader.js';

/** A client of the service that sends whatever it is told to. Ended with the test. */
export class RawClient {
  readonly #socket: Socket;
  readonly #reader = new FrameReader();
  readonly #headers: Header[] = [];
  readonly #ended: Promise<unknown>;
  #onHeader: () => void = () => undefined;
  #id = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => this.#take(bytes));
    this.#ended = once(socket, 'close');
    onTestFinished(() => void socket.destroy());
  }

  /** Resolves when the service has greeted. */
  static async open(path: string): Promise<RawClient> {
    const client = new RawClient(connect(path));
    const greeting = await client.next();
    if (greeting['protocol'] !== 1) throw new Error(JSON.stringify(greeting));
    return client;
  }

  send(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Sends a request; its answer is for {@link next}. */
  request(method: string, params: unknown = {}, attachments: Uint8Array[] = []): number {
    const id = ++this.#id;
    this.send(encodeFrame({ id, method, params }, attachments));
    return id;
  }

  async call(
    method: string,
    params: unknown = {},
    attachments: Uint8Array[] = [],
  ): Promise<Header> {
    this.request(method, params, attachments);
    return this.next();
  }

  /** The next header that comes; one that tells of the end where the connection has ended. */
  async next(): Promise<Header> {
    while (this.#headers.length === 0) {
      const more = new Promise<void>((resolve) => {
        this.#onHeader = resolve;
      });
      const hasEnded = await Promise.race([more, this.#ended.then(() => true)]);
      if (hasEnded && this.#headers.length === 0) return { ended: true };
    }
    return this.#headers.shift() as Header;
  }

  /** Nothing is read any more. */
  stopReading(): void {
    this.#socket.pause();
  }

  readOn(): void {
    this.#socket.resume();
  }

  /** Leaves in the middle of what was sent. */
  leave(): void {
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    this.#reader.add(bytes);
    for (let frame: Frame | undefined = this.#reader.first(); frame; frame = this.#reader.first()) {
      this.#headers.push(frame.header);
      this.#reader.drop();
      this.#onHeader();
    }
  }
}
