import type { TpmTransport } from '../../../../lib/tpm/transport.js';

/** A TPM that answers from a script: its next answer, or what a function makes of the command. */
export class ScriptedTransport implements TpmTransport {
  readonly kind: TpmTransport['kind'];
  readonly address = 'scripted';
  readonly inProcess: boolean;
  readonly commands: Buffer[] = [];
  readonly #answer: (command: Buffer, number: number) => Buffer;

  constructor(
    answer: (command: Buffer, number: number) => Buffer,
    kind: TpmTransport['kind'] = 'libtpms',
  ) {
    this.#answer = answer;
    this.kind = kind;
    this.inProcess = kind === 'libtpms';
  }

  async transmit(command: Uint8Array): Promise<Buffer> {
    const copy = Buffer.from(command);
    this.commands.push(copy);
    return this.#answer(copy, this.commands.length - 1);
  }

  async close(): Promise<void> {
    this.commands.push(Buffer.from('closed'));
  }
}

/** A response of a code and nothing else. */
export function codeResponse(code: number): Buffer {
  const response = Buffer.from('80010000000a00000000', 'hex');
  response.writeUInt32BE(code, 6);
  return response;
}
