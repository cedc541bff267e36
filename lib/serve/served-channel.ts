import type { ApduChannel } from '../gids/channel.js';
import { Turns } from '../turns.js';
import { Transaction } from './transaction.js';

/** What a channel says besides its answer. */
export interface ChannelState {
  /** Another number whenever the card's files may have changed. */
  revision: number;
}

/** A client's channel to a card, with a PIN state of its own. His requests for it are carried out in order. */
export class ServedChannel {
  readonly #channel: ApduChannel;
  readonly #turns = new Turns();
  #transaction: Transaction | undefined;
  #isClosed = false;
  #revision = 0;
  #seen: object | undefined;

  constructor(channel: ApduChannel) {
    this.#channel = channel;
    this.#seen = channel.revision;
  }

  /** One command. `failure` is the error behind its status word. */
  transmit(command: Uint8Array): Promise<ChannelState & { response: Buffer; failure: unknown }> {
    return this.#inTransaction(async () => {
      const response = await this.#channel.transmit(command);
      const failure = this.#channel.takeFailure?.();
      return { response, failure, ...this.#state() };
    });
  }

  /** Resolves when the client has the card for himself, until {@link end}. */
  begin(): Promise<ChannelState> {
    return this.#turns.take(async () => {
      this.#transaction?.end();
      this.#transaction = await Transaction.begin(this.#channel, () => !this.#isClosed);
      return this.#state();
    });
  }

  end(): Promise<void> {
    return this.#turns.take(async () => {
      this.#transaction?.end();
      this.#transaction = undefined;
    });
  }

  reset(): Promise<void> {
    return this.#inTransaction(() => this.#channel.reset());
  }

  /** Ends everything at once, but for a command that is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#transaction?.end();
    await this.#channel.close();
  }

  #inTransaction<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.take(() => this.#transaction?.use(work) ?? work());
  }

  #state(): ChannelState {
    const { revision } = this.#channel;
    if (revision !== this.#seen) this.#revision += 1;
    this.#seen = revision;
    return { revision: this.#revision };
  }
}
