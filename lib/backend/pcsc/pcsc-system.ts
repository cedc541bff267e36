import { awaitNativeCall, type NativeCall } from '../../native-call.js';
import type { NativeCardHandle, PcscAddon } from '../../native-pcsc.js';
import type { ReaderAccess } from '../../pcsc/client/reader-channel.js';
import { endsHandle, pcscError } from './pcsc-error.js';

/** How long calls to pcscd may take, in milliseconds. */
export interface PcscLimits {
  /** Questions about readers, and connecting to a card. */
  query: number;
  /** A command to a card, or the wait for another program's transaction: a key may take minutes. */
  command: number;
}

export const PCSC_LIMITS: PcscLimits = { query: 30_000, command: 5 * 60_000 };

const PCSCD = { name: 'pcscd', toError: pcscError };

/** The addon with time limits, and with errors of the library. */
export class PcscSystem {
  readonly addon: PcscAddon;
  readonly #limits: PcscLimits;

  constructor(addon: PcscAddon, limits: PcscLimits) {
    this.addon = addon;
    this.#limits = limits;
  }

  /** A question that pcscd answers at once, as a rule. */
  ask<T>(what: string, start: () => NativeCall<T>): Promise<T> {
    return awaitNativeCall(PCSCD, start, { timeoutMs: this.#limits.query, graceMs: 0, what });
  }

  /** The way to the card in a reader. `commands`: whether its commands may take long. */
  access(readerName: string, commands: keyof PcscLimits): ReaderAccess<NativeCardHandle, never> {
    const timeoutMs = this.#limits[commands];
    return {
      connect: () => this.ask('Connecting to the card', () => this.addon.connectCard(readerName)),
      wait: (start) =>
        awaitNativeCall(PCSCD, start, { timeoutMs, graceMs: 0, what: 'Using the card' }),
      endsHandle,
    };
  }
}
