import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { encodeMessage, readMessages } from '../forwarder/messages.mjs';

interface Answer {
  id: number;
  result?: unknown;
  error?: { message: string; code?: string };
}

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

/** The forwarder's refusal of a request. */
export class ForwarderError extends Error {
  readonly code: string | undefined;

  constructor({ message, code }: { message: string; code?: string }) {
    super(message);
    this.code = code;
  }
}

/** A test's connection to the forwarder; PROTOCOL.md has the methods. */
export class Forwarder {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    readMessages(socket, (message: unknown) => {
      const answer = message as Answer;
      this.#waiting.get(answer.id)?.resolve(answer);
      this.#waiting.delete(answer.id);
    });
    socket.on('close', () => {
      const ended = new Error('The connection to the forwarder ended');
      for (const { reject } of this.#waiting.values()) reject(ended);
    });
  }

  /** Connects to the port that the harness gives to what it runs. */
  static async connect(port = Number(process.env['VSC_LAB_FORWARDER_PORT'])): Promise<Forwarder> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Forwarder(socket);
  }

  async request<Result = unknown>(method: string, params: object = {}): Promise<Result> {
    const id = ++this.#lastId;
    const answered = new Promise<Answer>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
    this.#socket.write(encodeMessage({ id, method, params }));
    const { result, error } = await answered;
    if (error) throw new ForwarderError(error);
    return result as Result;
  }

  close(): void {
    this.#socket.destroy();
  }
}
