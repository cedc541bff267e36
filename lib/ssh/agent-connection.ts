import type { Socket } from 'node:net';
import { FrameBuffer } from '../pcsc/frame-buffer.js';
import { wipe } from '../secret.js';
import { MAX_MESSAGE_LENGTH } from './agent-message.js';

const LENGTH_BYTES = 4;

/** A message behind its length, a uint32. */
const FRAMING = {
  maxFrameLength: LENGTH_BYTES + MAX_MESSAGE_LENGTH,
  frameLength(arrived: Uint8Array): number | undefined {
    if (arrived.length < LENGTH_BYTES) return undefined;
    const [a = 0, b = 0, c = 0, d = 0] = arrived;
    return LENGTH_BYTES + a * 0x1000000 + (b << 16) + (c << 8) + d;
  },
};

/** Answers one message; the signal fires when the client has gone. Must not reject. */
export type AnswerMessage = (message: Uint8Array, signal: AbortSignal) => Promise<Uint8Array>;

/**
 * One client of an agent. Its messages are answered one after the other; who sends what is no message
 * is cut off. It may end in the middle of anything.
 */
export class AgentConnection {
  /** Resolves when it has ended and nothing is under way any more. */
  readonly ended: Promise<void>;
  readonly #socket: Socket;
  readonly #answer: AnswerMessage;
  readonly #frames = new FrameBuffer(FRAMING);
  readonly #gone = new AbortController();
  #answering: Promise<void> | undefined;

  constructor(socket: Socket, answer: AnswerMessage) {
    this.#socket = socket;
    this.#answer = answer;
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('end', () => this.#gone.abort());
    // 'close' follows, and there is nobody to tell.
    socket.on('error', () => this.#gone.abort());
    this.ended = new Promise((resolve) => {
      socket.on('close', () => {
        this.#gone.abort();
        const finish = () => {
          this.#frames.wipe();
          resolve();
        };
        if (this.#answering) this.#answering.then(finish, finish);
        else finish();
      });
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    try {
      this.#frames.add(chunk);
      this.#serve();
    } catch (error) {
      // Not a message: where the next one would begin cannot be known.
      if (!(error instanceof RangeError)) throw error;
      this.#socket.destroy();
    } finally {
      // A passphrase may be in it.
      wipe(chunk);
    }
  }

  #serve(): void {
    if (this.#answering) return;
    const frame = this.#frames.first();
    if (!frame) return;
    this.#answering = this.#one(frame).then(() => {
      this.#answering = undefined;
      this.#take(Buffer.alloc(0));
    });
  }

  async #one(frame: Uint8Array): Promise<void> {
    try {
      const reply = await this.#answer(frame.subarray(LENGTH_BYTES), this.#gone.signal);
      // Who does not read is not asked for more: what it sends meanwhile is limited, too.
      await new Promise<void>((resolve) => this.#socket.write(reply, () => resolve()));
    } finally {
      this.#frames.drop(frame);
    }
  }
}
