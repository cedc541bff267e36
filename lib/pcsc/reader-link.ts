import { connect, type Socket } from 'node:net';
import { GIDS_ATR } from '../gids/atr.js';
import type { ApduChannel } from '../gids/channel.js';
import { loadNative } from '../native.js';
import { allocateSecret, wipe } from '../secret.js';
import { socketDescriptor } from '../socket-descriptor.js';
import { FrameBuffer } from './frame-buffer.js';
import { foreignListener, readerError, refusedByReader } from './reader-error.js';
import { DONE, type ReaderRequest } from './reader-request.js';
import type { ReaderTarget } from './reader-target.js';
import { SLOT_FRAMING_VERSION } from './slot-framing.js';

/** A driver that runs takes the card within milliseconds, unless pcscd is very busy. */
const GREETING_LIMIT_MS = 10_000;
/** At most this is read at a time. */
const CHUNK_LENGTH = 16 * 1024;
const ROOT = 0;

/**
 * A card in a reader: one connection to the driver, which asks, and the channel to the card, which
 * answers. Reset and power-off of the reader reset the channel, as does the end of the connection.
 */
export class ReaderLink {
  /** Resolves when the connection has ended, to why where it was not closed here. */
  readonly ended: Promise<Error | undefined>;
  readonly #target: ReaderTarget;
  readonly #channel: ApduChannel;
  readonly #socket: Socket;
  readonly #frames: FrameBuffer;
  readonly #greeting: NodeJS.Timeout;
  #onInserted: () => void = () => undefined;
  #isIn = false;
  #answering = false;
  #failure: Error | undefined;

  private constructor(target: ReaderTarget, channel: ApduChannel) {
    this.#target = target;
    this.#channel = channel;
    this.#frames = new FrameBuffer(target.framing);
    const buffer = allocateSecret(CHUNK_LENGTH);
    this.#socket = connect({
      ...target.address,
      noDelay: true,
      // Read into one buffer, which can be wiped; Node's own are left to the garbage collector.
      onread: {
        buffer,
        callback: (length) => {
          this.#take(buffer.subarray(0, length));
          return true;
        },
      },
    });
    this.#socket.on('connect', () => this.#connected());
    this.#socket.on('error', (error) => {
      this.#failure ??= error;
    });
    this.#greeting = setTimeout(() => {
      this.#socket.destroy(new Error('its driver does not take the card'));
    }, GREETING_LIMIT_MS);
    this.ended = new Promise((resolve) => {
      this.#socket.on('close', () => {
        clearTimeout(this.#greeting);
        wipe(buffer);
        this.#letGo().then(
          () => resolve(this.#failure),
          (error) => resolve(this.#failure ?? error),
        );
      });
    });
  }

  /**
   * Puts a card into a reader.
   *
   * @param channel - answers, and is closed when the card is out or does not get in
   * @param signal - its abort gives up, and takes the card out
   * @throws VirtualSmartCardError `ERR_SMART_CARD_SERVICE`, `ERR_ACCESS_DENIED`
   */
  static async open(
    target: ReaderTarget,
    channel: ApduChannel,
    signal: AbortSignal,
  ): Promise<ReaderLink> {
    const link = new ReaderLink(target, channel);
    const giveUp = () => link.#socket.destroy();
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    link.ended.then(() => signal.removeEventListener('abort', giveUp));
    const inserted = new Promise<void>((resolve) => {
      link.#onInserted = resolve;
    });
    const refused = link.ended.then((failure) => {
      throw failure === undefined ? refusedByReader(target) : readerError(failure, target);
    });
    await Promise.race([inserted, refused]);
    return link;
  }

  #connected(): void {
    this.#guard(() => {
      if ('path' in this.#target.address) this.#checkPeer();
      if (!this.#target.framing.greets) this.#insert();
    });
  }

  /** PINs go to who listens. */
  #checkPeer(): void {
    const user = loadNative().peerUser(socketDescriptor(this.#socket));
    if (user !== ROOT && user !== process.geteuid?.()) throw foreignListener(this.#target, user);
  }

  #insert(): void {
    clearTimeout(this.#greeting);
    this.#isIn = true;
    this.#onInserted();
  }

  #take(chunk: Uint8Array): void {
    this.#guard(() => {
      // Else the driver's next bytes wait for an acknowledgement that the kernel puts off.
      if ('port' in this.#target.address)
        loadNative().acknowledgeAtOnce(socketDescriptor(this.#socket));
      this.#frames.add(chunk);
      wipe(chunk);
      if (!this.#answering) this.#serve();
    });
  }

  /** Answers what has come, one request after the other. */
  #serve(): void {
    const frame = this.#frames.first();
    if (!frame) return;
    this.#answering = true;
    this.#answer(frame).then(
      () => {
        this.#answering = false;
        this.#frames.drop(frame);
        this.#guard(() => this.#serve());
      },
      (error) => this.#socket.destroy(error),
    );
  }

  async #answer(frame: Uint8Array): Promise<void> {
    const { framing } = this.#target;
    const request = framing.decode(frame);
    if (request.kind === 'greeting') return this.#greeted(request.version);
    const answer = await this.#carryOut(request);
    const bytes = framing.encode(request, answer);
    if (request.kind === 'apdu') wipe(answer);
    if (!bytes) return;
    await new Promise<void>((resolve) => this.#socket.write(bytes, () => resolve()));
    wipe(bytes);
  }

  #greeted(version: number): void {
    if (version !== SLOT_FRAMING_VERSION || this.#isIn) {
      throw new RangeError(
        `its driver speaks version ${version}; run install-reader again and restart pcscd`,
      );
    }
    this.#insert();
  }

  async #carryOut(request: ReaderRequest): Promise<Uint8Array> {
    const channel = this.#channel;
    if (!this.#isIn) throw new RangeError('its driver asks before it has taken the card');
    switch (request.kind) {
      case 'apdu':
        return channel.transmit(request.command);
      case 'atr':
        return GIDS_ATR;
      case 'powerOff':
        await channel.reset();
        return DONE;
      default:
        await channel.reset();
        return GIDS_ATR;
    }
  }

  /** What fails ends the connection. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#socket.destroy(error as Error);
    }
  }

  async #letGo(): Promise<void> {
    // It ends what was verified, once the command that may be under way has ended.
    await this.#channel.close();
    this.#frames.wipe();
  }
}
