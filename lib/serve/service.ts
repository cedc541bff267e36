import type { StoreServer } from './store-server.js';

/**
 * A store served to the managers of other processes of this user, until it is closed. They work through
 * it as if they had the store themselves; each card they open has a PIN state of its own.
 *
 * @example
 * ```ts
 * await using service = await manager.serve();
 * console.log(service.path); // …/virtual-smartcard/serve.sock
 * ```
 */
export class Service {
  /** The socket that it listens on. */
  readonly path: string;
  readonly #server: StoreServer;

  private constructor(server: StoreServer) {
    this.#server = server;
    this.path = server.path;
  }

  /** @internal `manager.serve()`. A server is handed in, not made: importing the package loads none. */
  static over(server: StoreServer): Service {
    return new Service(server);
  }

  /**
   * Ends the service: calls that can be stopped are, the clients' log-ins end. Closing the manager
   * does it too. Safe to call twice.
   *
   * @example `await service.close();`
   */
  close(): Promise<void> {
    return this.#server.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
