import { GidsCardConnection } from '../../gids/card-connection.js';

/** A connection whose owners are told when it closes, so that they need not keep closed ones. */
export class EmbeddedConnection extends GidsCardConnection {
  readonly #listeners: (() => void)[] = [];

  onClose(listener: () => void): void {
    this.#listeners.push(listener);
  }

  override async close(): Promise<void> {
    for (const listener of this.#listeners.splice(0)) listener();
    await super.close();
  }
}
