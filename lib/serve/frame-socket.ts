import { type OnReadOpts, Socket } from 'node:net';
import { loadNative } from '../native.js';
import { allocateSecret, wipe } from '../secret.js';
import { encodeFrame, type Frame, type Header } from './frame.js';
import { FrameReader } from './frame-reader.js';

/** At most this is read at a time. */
const CHUNK_LENGTH = 16 * 1024;

/** Frames over a connected UNIX socket; everything that passes is wiped after use. */
export class FrameSocket {
  /** Resolves when the connection has ended, to why where it was not closed here. */
  readonly ended: Promise<Error | undefined>;
  readonly #socket: Socket;
  readonly #frames = new FrameReader();
  readonly #onFrame: (frame: Frame) => void;
  #failure: Error | undefined;
  #paused = false;
  #delivering = false;

  /**
   * @param open - makes the socket, with the buffer that it is read into
   * @param onFrame - given each frame, which is wiped when it returns; what it throws ends the connection
   */
  constructor(open: (onread: OnReadOpts) => Socket, onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame;
    const buffer = allocateSecret(CHUNK_LENGTH);
    // Read into one buffer, which can be wiped; Node's own are left to the garbage collector.
    const callback = (length: number) => this.#take(buffer.subarray(0, length));
    this.#socket = open({ buffer, callback });
    this.#socket.on('error', (error) => {
      this.#failure ??= error;
    });
    this.ended = new Promise((resolve) => {
      this.#socket.on('close', () => {
        wipe(buffer);
        this.#frames.wipe();
        resolve(this.#failure);
      });
    });
  }

  /** User id of the other side, as the kernel vouches for it. */
  get peerUser(): number {
    return loadNative().peerUser(descriptorOf(this.#socket));
  }

  /** Bytes that were sent and that the other side has made no room for yet. */
  get backlog(): number {
    return this.#socket.writableLength;
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.writable;
  }

  /** Called whenever the backlog is gone. */
  onDrain(listener: () => void): void {
    this.#socket.on('drain', listener);
  }

  /** Sends a message. On a connection that has ended it is lost. */
  send(header: Header, attachments?: readonly Uint8Array[]): void {
    if (!this.isOpen) return;
    const frame = encodeFrame(header, attachments);
    this.#socket.write(frame, () => wipe(frame));
  }

  /** No frame is given until {@link resume}, and nothing is read. */
  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#deliver();
    if (!this.#paused) this.#socket.resume();
  }

  /** Ends the connection once what was sent is out. */
  end(): void {
    this.#socket.end();
  }

  destroy(failure?: Error): void {
    this.#socket.destroy(failure);
  }

  /** Whether the connection keeps the process alive. */
  keepAlive(keeps: boolean): void {
    if (keeps) this.#socket.ref();
    else this.#socket.unref();
  }

  /** @returns whether to go on reading */
  #take(piece: Uint8Array): boolean {
    this.#frames.add(piece);
    wipe(piece);
    this.#deliver();
    return !this.#paused;
  }

  #deliver(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      while (!this.#paused && !this.#socket.destroyed) {
        const frame = this.#frames.first();
        if (!frame) return;
        this.#onFrame(frame);
        this.#frames.drop();
      }
    } catch (error) {
      this.#socket.destroy(error as Error);
    } finally {
      this.#delivering = false;
    }
  }
}

/** Node's inside of a socket, which has no official name. */
type WithHandle = Socket & { _handle: { fd?: number } | null };

/**
 * A socket that a server has accepted, paused, made anew so that it is read into a buffer of ours:
 * a server has no such option.
 */
export function adoptSocket(accepted: Socket, onread: OnReadOpts): Socket {
  const { _handle: handle } = accepted as WithHandle;
  (accepted as WithHandle)._handle = null;
  accepted.destroy();
  const options = { handle, onread, readable: true, writable: true };
  const socket = new Socket(options as ConstructorParameters<typeof Socket>[0]);
  // It begins to read only when it is told to.
  socket.resume();
  return socket;
}

function descriptorOf(socket: Socket): number {
  return (socket as WithHandle)._handle?.fd ?? -1;
}
