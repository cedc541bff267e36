import { once } from 'node:events';
import { chmod, realpath, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { stateError } from '../backend/embedded/state-error.js';
import { VirtualSmartCardError } from '../errors.js';
import type { ServableBackend } from './client-resources.js';
import { ClientSession } from './client-session.js';
import { PROTOCOL_VERSION } from './protocol.js';
import type { CheckedServeOptions } from './serve-options.js';
import { SocketPlace } from './socket-place.js';

const ROOT = 0;

/** The directories that this thread serves. No other one can: the store's lock is this thread's. */
const served = new Set<string>();

/** What a Service stands for: listens, and admits the clients that may come in. */
export class StoreServer {
  /** The socket that it listens on. */
  readonly path: string;
  readonly #backend: ServableBackend;
  readonly #options: CheckedServeOptions;
  readonly #directory: string;
  readonly #place: SocketPlace;
  readonly #server: Server;
  readonly #clients = new Set<ClientSession>();
  readonly #warned = new Set<string>();
  #closing: Promise<void> | undefined;

  private constructor(
    backend: ServableBackend,
    options: CheckedServeOptions,
    directory: string,
    place: SocketPlace,
  ) {
    this.#backend = backend;
    this.#options = options;
    this.#directory = directory;
    this.#place = place;
    this.path = place.path;
    this.#server = createServer({ pauseOnConnect: true }, (socket) => this.#admit(socket));
  }

  /** @throws VirtualSmartCardError `ERR_STATE_IN_USE`, `ERR_STATE_IO` */
  static async start(backend: ServableBackend, options: CheckedServeOptions): Promise<StoreServer> {
    const directory = await realpath(backend.stateDirectory);
    if (served.has(directory)) throw servedAlready();
    served.add(directory);
    let place: SocketPlace | undefined;
    try {
      place = await SocketPlace.of(backend.stateDirectory);
      const server = new StoreServer(backend, options, directory, place);
      await server.#listen();
      return server;
    } catch (error) {
      served.delete(directory);
      await place?.close();
      if (VirtualSmartCardError.is(error)) throw error;
      throw stateError(error, 'listen at', place?.path ?? backend.stateDirectory);
    }
  }

  /** As `Service.close`. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #listen(): Promise<void> {
    // One that is there was left by a process that was killed: the lock on the store is ours.
    await rm(this.#place.address, { force: true });
    this.#server.listen(this.#place.address);
    await once(this.#server, 'listening');
    // Too many open files, for example: those who are connected stay.
    this.#server.on('error', (error) => this.#warn(stateError(error, 'listen at', this.path)));
    await chmod(this.#place.address, 0o600);
  }

  async #close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    await Promise.all([...this.#clients].map((client) => client.close()));
    await closed;
    await this.#place.close();
    served.delete(this.#directory);
  }

  #admit(socket: Socket): void {
    const client = new ClientSession(socket, this.#backend);
    const reason = this.#refusal(client);
    if (reason) {
      client.refuse(reason);
      this.#warn(reason);
      return;
    }
    this.#clients.add(client);
    client.ended.then(() => this.#clients.delete(client));
    client.greet({ protocol: PROTOCOL_VERSION, pid: process.pid });
  }

  #refusal(client: ClientSession): VirtualSmartCardError | undefined {
    const user = client.peerUser;
    if (user === undefined || (user !== process.geteuid?.() && user !== ROOT)) {
      return new VirtualSmartCardError(
        'ERR_ACCESS_DENIED',
        `User ${user ?? 'unknown'} is not the owner of the store that is served at ${this.path}.`,
      );
    }
    const { maxClients } = this.#options;
    if (!this.#closing && this.#clients.size < maxClients) return undefined;
    return new VirtualSmartCardError(
      'ERR_STATE_IN_USE',
      `The process that serves the store has ${maxClients} clients, the most that it takes. Close one, or serve with a larger maxClients.`,
      { holderPid: process.pid },
    );
  }

  /** Once for each reason: whoever is refused may try again and again. */
  #warn(warning: VirtualSmartCardError): void {
    if (this.#warned.has(warning.message)) return;
    this.#warned.add(warning.message);
    this.#options.onWarning(warning);
  }
}

function servedAlready(): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_STATE_IN_USE',
    'This process serves the store already. Close that service first.',
    { holderPid: process.pid },
  );
}
