import type { VirtualSmartCardError } from '../../errors.js';
import { GidsApplet } from '../../gids/applet.js';

/** A channel whose owners are told when it closes, and which says why it ended when its card did. */
export class EmbeddedChannel extends GidsApplet {
  readonly #listeners: (() => void)[] = [];
  #ended: VirtualSmartCardError | undefined;

  onClose(listener: () => void): void {
    this.#listeners.push(listener);
  }

  override async transmit(command: Uint8Array): Promise<Buffer> {
    if (this.#ended) throw this.#ended;
    return super.transmit(command);
  }

  /** The card went away: closes the channel, whose commands fail with that reason from now on. */
  async end(reason: VirtualSmartCardError): Promise<void> {
    this.#ended = reason;
    await this.close();
  }

  override async close(): Promise<void> {
    for (const listener of this.#listeners.splice(0)) listener();
    await super.close();
  }
}
