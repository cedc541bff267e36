import { VirtualSmartCardError } from '../../errors.js';
import type { ApduChannel } from '../../gids/channel.js';
import { concatSecret, wipe } from '../../secret.js';
import { decodeError, serviceGone } from '../../serve/wire-error.js';
import { Turns } from '../../turns.js';
import type { ServiceConnection } from './service-connection.js';

/** A channel that the service has open for this one, as long as the connection lasts. */
interface OpenChannel {
  connection: ServiceConnection;
  number: number;
}

/** What tells a card from another one that came into its place. */
interface Identity {
  name: unknown;
  cardId: unknown;
}

/**
 * A channel to a card of a store that is served. When the service went and came back, it is opened
 * anew with the next command, with no PIN verified.
 */
export class SocketChannel implements ApduChannel {
  readonly #instanceId: string;
  readonly #connect: () => Promise<ServiceConnection>;
  readonly #listeners: (() => void)[] = [];
  /** Transactions of this channel, one after the other. */
  readonly #transactions = new Turns();
  #opened: Promise<OpenChannel> | undefined;
  #connection: ServiceConnection | undefined;
  #identity: Identity | undefined;
  /** The channel that a transaction is on: when it is gone, so is the transaction. */
  #held: OpenChannel | undefined;
  #revision: { number: unknown } = { number: undefined };
  #failure: unknown;
  #isClosed = false;

  /** @param connect - the connection to the service, a new one when the former has ended */
  constructor(instanceId: string, connect: () => Promise<ServiceConnection>) {
    this.#instanceId = instanceId;
    this.#connect = connect;
  }

  onClose(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Opens it now, so that what is wrong with the card is told now. */
  async open(): Promise<void> {
    await this.#open();
  }

  async transmit(command: Uint8Array): Promise<Buffer> {
    const copy = concatSecret(command);
    try {
      const { connection, number } = this.#held ?? (await this.#open());
      this.#failure = undefined;
      const { result, attachments } = await connection.call('transmit', { channel: number }, [
        copy,
      ]);
      const { failure } = this.#note(result, connection);
      if (failure !== undefined) this.#failure = decodeError(failure);
      const [response] = attachments;
      if (!response) throw serviceGone('answered without an answer');
      return response;
    } finally {
      wipe(copy);
    }
  }

  /** Work that is begun while other such work of this channel runs shares its transaction. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    if (this.#held) return work();
    return this.#transactions.take(async () => {
      const channel = await this.#open();
      const { connection, number } = channel;
      const { result } = await connection.call('begin', { channel: number });
      this.#note(result, connection);
      this.#held = channel;
      try {
        return await work();
      } finally {
        this.#held = undefined;
        // Carried out in its order; nobody needs to wait for it. Without a connection it has ended.
        connection.call('end', { channel: number }).catch(() => undefined);
      }
    });
  }

  async reset(): Promise<void> {
    const channel = this.#held ?? (await this.#stillOpen());
    if (!channel) return;
    const { connection, number } = channel;
    try {
      await connection.call('reset', { channel: number });
    } catch (error) {
      // With the connection everything that was verified has ended.
      if (!VirtualSmartCardError.is(error, 'ERR_SERVICE_GONE')) throw error;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const listener of this.#listeners.splice(0)) listener();
    const channel = await this.#stillOpen();
    if (!channel) return;
    await channel.connection.call('close', { channel: channel.number }).catch((error: unknown) => {
      if (!VirtualSmartCardError.is(error, 'ERR_SERVICE_GONE')) throw error;
    });
  }

  get revision(): object {
    return this.#revision;
  }

  takeFailure(): unknown {
    const failure = this.#failure;
    this.#failure = undefined;
    return failure;
  }

  #open(): Promise<OpenChannel> {
    if (this.#isClosed) {
      return Promise.reject(new VirtualSmartCardError('ERR_CLOSED', 'This channel was closed.'));
    }
    if (!this.#opened || this.#connection?.isOpen === false) {
      this.#connection = undefined;
      const opened = this.#openAnew();
      this.#opened = opened;
      opened.catch(() => {
        if (this.#opened === opened) this.#opened = undefined;
      });
    }
    return this.#opened;
  }

  async #openAnew(): Promise<OpenChannel> {
    const connection = await this.#connect();
    const { result } = await connection.call('open', { instanceId: this.#instanceId });
    const { channel, name, cardId } = result as Record<string, unknown>;
    const channelOpen = { connection, number: channel as number };
    if (this.#isOther({ name, cardId })) {
      await connection.call('close', { channel }).catch(() => undefined);
      throw new VirtualSmartCardError(
        'ERR_CARD_NOT_FOUND',
        `The card ${this.#instanceId} was destroyed; another one has its place.`,
      );
    }
    this.#identity = { name, cardId };
    this.#connection = connection;
    this.#revision = { number: undefined };
    return channelOpen;
  }

  /** A card that was set up since has got its identifier since. */
  #isOther({ name, cardId }: Identity): boolean {
    const known = this.#identity;
    if (!known) return false;
    return name !== known.name || (known.cardId !== undefined && cardId !== known.cardId);
  }

  async #stillOpen(): Promise<OpenChannel | undefined> {
    const channel = await this.#opened?.catch(() => undefined);
    return channel?.connection.isOpen ? channel : undefined;
  }

  #note(result: unknown, from: ServiceConnection): Record<string, unknown> {
    const state = result as Record<string, unknown>;
    const isNew = state['revision'] !== this.#revision.number;
    if (isNew && from === this.#connection) this.#revision = { number: state['revision'] };
    return state;
  }
}
