import type { Backend, CardInfo, CardWatch } from '../backend/backend.js';
import { invalidArgument, VirtualSmartCardError } from '../errors.js';
import type { Header } from './frame.js';
import { type ChannelState, ServedChannel } from './served-channel.js';
import { encodeError } from './wire-error.js';

/** A backend that can be served: the one that owns its store. */
export type ServableBackend = Backend &
  Required<
    Pick<Backend, 'activateCredential' | 'openChannel' | 'watch' | 'noteReader' | 'stateDirectory'>
  >;

/** What one client may have open at a time. */
const MAX_CHANNELS = 256;
const MAX_WATCHES = 64;

/** What a card says of itself. */
export async function infoOf(backend: ServableBackend, instanceId: string): Promise<CardInfo> {
  const connection = await backend.connect(instanceId);
  try {
    return await connection.info();
  } finally {
    await connection.close();
  }
}

/** What a client has open, which ends with him. */
export class ClientResources {
  readonly backend: ServableBackend;
  readonly channels: Channels;
  readonly watches: Watches;
  readonly readers: Readers;

  constructor(backend: ServableBackend) {
    this.backend = backend;
    this.channels = new Channels(backend);
    this.watches = new Watches(backend);
    this.readers = new Readers(backend);
  }

  async close(): Promise<void> {
    this.readers.forget();
    await Promise.all([this.channels.closeAll(), this.watches.endAll()]);
  }
}

/** Channels by the numbers that the client was told. */
class Channels {
  readonly #backend: ServableBackend;
  readonly #open = new Map<number, ServedChannel>();
  #last = 0;
  /** Requests come faster than channels open. */
  #opening = 0;
  #isClosed = false;

  constructor(backend: ServableBackend) {
    this.#backend = backend;
  }

  /** Tells, too, which card it is: a client that comes back must not take another one for it. */
  async open(
    instanceId: string,
  ): Promise<ChannelState & Pick<CardInfo, 'name' | 'cardId'> & { channel: number }> {
    if (this.#open.size + this.#opening >= MAX_CHANNELS) throw tooMany(`${MAX_CHANNELS} cards`);
    const number = ++this.#last;
    this.#opening += 1;
    try {
      const channel = new ServedChannel(await this.#backend.openChannel(instanceId));
      this.#open.set(number, channel);
      if (this.#isClosed) await channel.close();
    } finally {
      this.#opening -= 1;
    }
    try {
      const { name, cardId } = await infoOf(this.#backend, instanceId);
      return { channel: number, revision: 0, name, cardId };
    } catch (error) {
      await this.close(number);
      throw error;
    }
  }

  /** @throws VirtualSmartCardError `ERR_CLOSED` */
  get(number: number): ServedChannel {
    const channel = this.#open.get(number);
    if (channel) return channel;
    throw new VirtualSmartCardError('ERR_CLOSED', 'There is no such channel.');
  }

  async close(number: number): Promise<void> {
    const channel = this.#open.get(number);
    this.#open.delete(number);
    await channel?.close();
  }

  async closeAll(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#open.keys()].map((number) => this.close(number)));
  }
}

/** Watches by the numbers that the client gave them. */
class Watches {
  readonly #backend: ServableBackend;
  /** Those that are being opened, too. */
  readonly #open = new Map<number, Promise<CardWatch>>();
  #isClosed = false;

  constructor(backend: ServableBackend) {
    this.#backend = backend;
  }

  async begin(number: number, tell: (header: Header) => void): Promise<void> {
    if (this.#open.size >= MAX_WATCHES) throw tooMany(`${MAX_WATCHES} watches`);
    if (this.#open.has(number)) throw invalidArgument('id', 'a number of no watch', 'one of one');
    const opening = this.#backend.watch();
    this.#open.set(number, opening);
    try {
      const watch = await opening;
      if (this.#isClosed) await watch.close();
      this.#pass(number, watch, tell);
    } catch (error) {
      this.#open.delete(number);
      throw error;
    }
  }

  async end(number: number): Promise<void> {
    const opening = this.#open.get(number);
    this.#open.delete(number);
    // One that did not open has told its own request why.
    const watch = await opening?.catch(() => undefined);
    await watch?.close();
  }

  async endAll(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#open.keys()].map((number) => this.end(number)));
  }

  async #pass(number: number, watch: CardWatch, tell: (header: Header) => void): Promise<void> {
    try {
      for await (const event of watch) tell({ watch: number, event });
    } catch (error) {
      tell({ watch: number, error: encodeError(error) });
    }
  }
}

/** The readers that a client has put cards into. */
class Readers {
  readonly #backend: ServableBackend;
  readonly #noted = new Set<string>();

  constructor(backend: ServableBackend) {
    this.#backend = backend;
  }

  note(instanceId: string, readerName: string | undefined): void {
    if (readerName === undefined) this.#noted.delete(instanceId);
    else this.#noted.add(instanceId);
    this.#backend.noteReader(instanceId, readerName);
  }

  forget(): void {
    for (const instanceId of this.#noted) this.#backend.noteReader(instanceId, undefined);
    this.#noted.clear();
  }
}

function tooMany(what: string): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_NOT_SUPPORTED',
    `One client of a service has at most ${what} open. Close some first.`,
  );
}
