import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualSmartCardManager } from '../dist/index.js';
import { Tpm } from '../dist/tpm/tpm.js';

/**
 * A manager on a software TPM of its own whose commands are recorded on their way, so that the very
 * same bytes can be sent again as bare TPM commands, to the same TPM, with the same key loaded.
 */
export class RecordedTpm {
  /** Commands since `record()`, oldest first; none while not recording. */
  #commands;
  /** Milliseconds that they took, each from its sending to its answer. */
  #elapsed = 0;
  #transport;
  #transmit;
  #directory;
  manager;

  static async open() {
    const self = new RecordedTpm();
    self.#directory = await mkdtemp(join(tmpdir(), 'bench-vsc-'));
    const open = Tpm.open;
    Tpm.open = async (transport, options) => {
      self.#watch(transport);
      return open.call(Tpm, transport, options);
    };
    try {
      self.manager = await VirtualSmartCardManager.open({
        backend: 'embedded',
        stateDirectory: self.#directory,
        tpm: 'libtpms',
      });
    } finally {
      Tpm.open = open;
    }
    return self;
  }

  /** Records the commands of one operation, and the milliseconds that they took together. */
  async record(operation) {
    this.#commands = [];
    this.#elapsed = 0;
    const result = await operation();
    const commands = this.#commands;
    this.#commands = undefined;
    return { result, commands, elapsed: this.#elapsed };
  }

  /** Sends a bare command; a response code other than success is an error. */
  async transmit(command) {
    const response = await this.#transmit.call(this.#transport, command);
    const code = response.readUInt32BE(6);
    if (code !== 0) throw new Error(`the bare TPM command ended with 0x${code.toString(16)}`);
    return response;
  }

  async close() {
    await this.manager.close();
    await rm(this.#directory, { recursive: true });
  }

  #watch(transport) {
    this.#transport = transport;
    this.#transmit = transport.transmit;
    transport.transmit = (command) => {
      if (!this.#commands) return this.#transmit.call(transport, command);
      this.#commands.push(Buffer.from(command));
      return this.#timed(command);
    };
  }

  async #timed(command) {
    const start = performance.now();
    try {
      return await this.#transmit.call(this.#transport, command);
    } finally {
      this.#elapsed += performance.now() - start;
    }
  }
}
