import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { VirtualSmartCardError } from '../errors.js';
import { concatSecret, wipe } from '../secret.js';
import { responseError } from './error.js';
import { ResponseFramer } from './response-framer.js';
import type { SwtpmSocket } from './tpm-address.js';
import type { TpmTransport } from './transport.js';

const CONNECT_TIMEOUT_MS = 5000;
/** swtpm lets several programs connect and answers one, so silence at the first command tells. */
const FIRST_ANSWER_TIMEOUT_MS = 10_000;

/** A command on its way; the front of the queue has been written to the socket. */
interface Pending {
  command: Buffer;
  resolve(response: Buffer): void;
  reject(error: unknown): void;
}

/**
 * swtpm's data socket: the raw stream of commands and responses, whose headers tell where each ends.
 * swtpm reads one command at a time, so the next is written when the answer is there. A connection
 * that broke stays broken, for what was loaded in the TPM may be gone: open it again.
 */
export class SwtpmTransport implements TpmTransport {
  readonly kind = 'swtpm';
  readonly inProcess = false;
  readonly address: string;
  readonly #socket: Socket;
  readonly #queue: Pending[] = [];
  readonly #framer = new ResponseFramer();
  #failure: VirtualSmartCardError | undefined;
  #closing: Promise<void> | undefined;

  private constructor(socket: Socket, address: string) {
    this.#socket = socket;
    this.address = address;
    socket.setNoDelay(true);
    socket.unref();
    socket.setTimeout(FIRST_ANSWER_TIMEOUT_MS, () => {
      if (this.#queue.length > 0) this.#fail(unavailable(address, 'swtpm does not answer'));
    });
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (error) => this.#fail(unavailable(address, error.message, error)));
    socket.on('close', () => this.#fail(unavailable(address, 'swtpm ended the connection')));
  }

  /** @throws VirtualSmartCardError `ERR_TPM_UNAVAILABLE` */
  static async open(target: SwtpmSocket, address: string): Promise<SwtpmTransport> {
    return new SwtpmTransport(await connected(target, address), address);
  }

  transmit(command: Uint8Array): Promise<Buffer> {
    if (this.#closing) return Promise.reject(closedError());
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#queue.push({ command: concatSecret(command), resolve, reject });
      if (this.#queue.length === 1) {
        this.#socket.ref();
        this.#writeNext();
      }
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const last = this.#queue.at(-1);
    if (last) await new Promise<void>((resolve) => whenSettled(last, resolve));
    if (this.#socket.closed) return;
    await new Promise<void>((resolve) => {
      this.#socket.once('close', () => resolve());
      this.#socket.ref();
      this.#socket.destroy();
    });
  }

  #writeNext(): void {
    const next = this.#queue[0];
    if (!next) {
      this.#socket.unref();
      return;
    }
    // The bytes are the socket's until it calls back.
    this.#socket.write(next.command, () => wipe(next.command));
  }

  #receive(chunk: Buffer): void {
    if (this.#failure) return;
    let response: Buffer | undefined;
    try {
      if (this.#queue.length === 0) throw responseError('it came without a command');
      response = this.#framer.push(chunk);
    } catch (error) {
      wipe(chunk);
      this.#fail(error as VirtualSmartCardError);
      return;
    }
    if (!response) return;
    if (this.#socket.timeout) this.#socket.setTimeout(0);
    this.#queue.shift()?.resolve(response);
    this.#writeNext();
  }

  /** Nothing comes after a failure: where an answer begins is not known any more. */
  #fail(failure: VirtualSmartCardError): void {
    this.#failure ??= failure;
    this.#framer.wipe();
    for (const { command, reject } of this.#queue.splice(0)) {
      wipe(command);
      reject(this.#failure);
    }
    this.#socket.destroy();
  }
}

/** Calls `done` when the pending command has been answered or has failed. */
function whenSettled(pending: Pending, done: () => void): void {
  const { resolve, reject } = pending;
  pending.resolve = (response) => {
    resolve(response);
    done();
  };
  pending.reject = (error) => {
    reject(error);
    done();
  };
}

async function connected(target: SwtpmSocket, address: string): Promise<Socket> {
  const socket = connect({ ...target, noDelay: true } as NetConnectOpts);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.setTimeout(CONNECT_TIMEOUT_MS, () => reject(new Error('no answer within 5 seconds')));
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    socket.setTimeout(0);
    return socket;
  } catch (error) {
    socket.on('error', () => {
      // It has been reported; a second one changes nothing.
    });
    socket.destroy();
    throw unavailable(address, error instanceof Error ? error.message : String(error), error);
  }
}

function unavailable(address: string, reason: string, cause?: unknown): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_TPM_UNAVAILABLE',
    `The TPM at ${address} cannot be reached: ${reason}. See that swtpm runs there and that no other program is connected to it.`,
    cause === undefined ? {} : { cause },
  );
}

function closedError(): VirtualSmartCardError {
  return new VirtualSmartCardError('ERR_CLOSED', 'The TPM has been closed.');
}
