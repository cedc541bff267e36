import { TpmVault } from '../../../dist/backend/embedded/tpm-vault.js';
import { VirtualSmartCardError } from '../../../dist/errors.js';
import { GidsApplet } from '../../../dist/gids/applet.js';
import { formatInstanceId } from '../../../dist/instance-id.js';
import { Turns } from '../../../dist/turns.js';
import { ProtocolError } from './parameters.mjs';

/** A card of the lab: one of the embedded backend's, in a reader as Windows would name it. */
export class Card {
  instanceId;
  readerName;
  /** Whether the system has noticed its reader. */
  hasReader = false;
  #instance;
  #storage;
  #vault;
  #turns = new Turns();
  #channels = new Set();

  constructor(context, instance, storage) {
    this.#instance = instance;
    this.#storage = storage;
    this.#vault = new TpmVault(context.tpm, storage);
    this.instanceId = formatInstanceId(instance);
    // Two numbers that differ, so that nobody gets by with taking one for the other.
    this.readerName = `Microsoft Virtual Smart Card ${instance ^ 1}`;
  }

  get instance() {
    return this.#instance;
  }

  /** What listCards shows. */
  get description() {
    const { instanceId, readerName } = this;
    const { header, record } = this.#storage;
    return { instanceId, name: header.name, readerName, generated: record.state.activated };
  }

  get nvIndexes() {
    return this.#storage.header.nvIndexes;
  }

  connect() {
    const forget = (channel) => this.#channels.delete(channel);
    const channel = new Channel(new GidsApplet(this.#vault, this.#turns), forget);
    this.#channels.add(channel);
    return channel;
  }

  /** Cuts off all channels; `erase` runs with the card at rest. */
  async end(erase) {
    const gone = new VirtualSmartCardError('ERR_CARD_NOT_FOUND', `${this.instanceId} is gone`);
    for (const channel of this.#channels) channel.cutOff(gone);
    await this.#turns.take(async () => {
      await erase();
      await this.#vault.end(gone);
    });
  }
}

/** One handle's way to a card, with a PIN state of its own. */
class Channel {
  #applet;
  #onClose;
  /** Ends the transaction that this channel has or waits for. */
  #endTransaction;
  #gone;

  constructor(applet, onClose) {
    this.#applet = applet;
    this.#onClose = onClose;
  }

  async transmit(apdu) {
    if (this.#gone) throw this.#gone;
    const response = await this.#applet.transmit(apdu);
    if (this.#gone) throw this.#gone;
    return response;
  }

  async reset() {
    if (this.#gone) throw this.#gone;
    await this.#applet.reset();
  }

  /** Resolves when the card is this channel's alone. */
  async beginTransaction() {
    if (this.#gone) throw this.#gone;
    if (this.#endTransaction) throw new ProtocolError('the channel has a transaction');
    const ended = new Promise((resolve) => {
      this.#endTransaction = resolve;
    });
    await new Promise((resolve, reject) => {
      const hold = async () => {
        resolve();
        await ended;
      };
      this.#applet.exclusively(hold).catch(reject);
    });
    if (this.#gone) throw this.#gone;
  }

  endTransaction() {
    if (this.#gone) throw this.#gone;
    if (!this.#endTransaction) throw new ProtocolError('the channel has no transaction');
    this.#endTransaction();
    this.#endTransaction = undefined;
  }

  /** From now on every call fails with `reason`; what waits goes on. */
  cutOff(reason) {
    this.#gone = reason;
    this.#endTransaction?.();
    this.#endTransaction = undefined;
  }

  async close() {
    this.#onClose(this);
    const closed = this.#applet.close();
    this.#endTransaction?.();
    this.#endTransaction = undefined;
    await closed;
  }
}
