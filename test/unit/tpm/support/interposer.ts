import type { TpmTransport } from '../../../../lib/tpm/transport.js';

/** A command as an interposer sees it. */
export interface SeenCommand {
  code: number;
  bytes: Buffer;
}

/** Sits between us and a TPM: sees every command, may alter it, and may alter every answer. */
export class Interposer implements TpmTransport {
  readonly kind: TpmTransport['kind'];
  readonly address: string;
  readonly inProcess: boolean;
  readonly commands: SeenCommand[] = [];
  readonly responses: Buffer[] = [];
  alterCommand: (command: SeenCommand) => Uint8Array = ({ bytes }) => bytes;
  alterResponse: (response: Buffer, command: SeenCommand) => Buffer = (response) => response;
  readonly #transport: TpmTransport;

  constructor(transport: TpmTransport) {
    this.#transport = transport;
    this.kind = transport.kind;
    this.address = transport.address;
    this.inProcess = transport.inProcess;
  }

  async transmit(command: Uint8Array): Promise<Buffer> {
    const bytes = Buffer.from(command);
    const seen = { code: bytes.readUInt32BE(6), bytes };
    this.commands.push(seen);
    const response = await this.#transport.transmit(this.alterCommand(seen));
    this.responses.push(Buffer.from(response));
    return this.alterResponse(response, seen);
  }

  close(): Promise<void> {
    return this.#transport.close();
  }
}
