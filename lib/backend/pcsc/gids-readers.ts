import { VirtualSmartCardError } from '../../errors.js';
import { statusWordOf } from '../../gids/apdu.js';
import { GIDS_ATR } from '../../gids/atr.js';
import { SELECT_APPLICATION } from '../../gids/exchange.js';
import type { PcscReader } from '../../native-pcsc.js';
import {
  type CardDetails,
  readCardDetails,
  UNKNOWN_DETAILS,
} from '../../pcsc/client/card-details.js';
import { ReaderChannel } from '../../pcsc/client/reader-channel.js';
import { Scard } from '../../pcsc/client/scard-codes.js';
import type { CardInfo } from '../backend.js';
import type { PcscSystem } from './pcsc-system.js';
import { readerInstanceId } from './reader-id.js';

/**
 * Finds the readers whose card has the GIDS application. What a card is does not change while it is
 * in: a card without it is asked once, and not disturbed again.
 */
export class GidsReaders {
  readonly #system: PcscSystem;
  /** What is known of the card in a reader, by reader, ATR and number of insertions. */
  readonly #known = new Map<string, boolean>();

  constructor(system: PcscSystem) {
    this.#system = system;
  }

  /**
   * Those that hold such a card, ordered by name.
   *
   * @throws VirtualSmartCardError `ERR_SMART_CARD_SERVICE`, `ERR_ACCESS_DENIED`, `ERR_READER`
   */
  async list(): Promise<PcscReader[]> {
    const readers = await this.#system.ask('Listing the readers', () =>
      this.#system.addon.listReaders(),
    );
    this.#forgetOthersThan(readers);
    const found = await Promise.all(
      readers.map(async (reader) => ((await this.#holdsGids(reader)) ? reader : undefined)),
    );
    return found
      .filter((reader) => reader !== undefined)
      .sort((one, other) => (one.readerName < other.readerName ? -1 : 1));
  }

  /** The card in a reader, as `list` shows it; undefined when it has just gone. */
  async describe(reader: PcscReader): Promise<CardInfo | undefined> {
    try {
      const access = this.#system.access(reader.readerName, 'query');
      const channel = new ReaderChannel(access, await access.connect(), 'asItIs');
      return cardInfo(reader, await readCardDetails(channel));
    } catch (error) {
      if (!VirtualSmartCardError.is(error)) throw error;
      if (error.code === 'ERR_CARD_NOT_FOUND') return undefined;
      if (isBusy(error)) return cardInfo(reader, UNKNOWN_DETAILS);
      return { ...cardInfo(reader, UNKNOWN_DETAILS), state: 'lost', stateReason: error.message };
    }
  }

  async #holdsGids(reader: PcscReader): Promise<boolean> {
    if (reader.atr.length === 0) return false;
    const key = keyOf(reader);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    try {
      const isGids = await this.#selects(reader.readerName);
      this.#known.set(key, isGids);
      return isGids;
    } catch (error) {
      if (!VirtualSmartCardError.is(error)) throw error;
      // It cannot be asked now: then its ATR has to tell.
      return error.code !== 'ERR_CARD_NOT_FOUND' && reader.atr.equals(GIDS_ATR);
    }
  }

  async #selects(readerName: string): Promise<boolean> {
    const access = this.#system.access(readerName, 'query');
    const channel = new ReaderChannel(access, await access.connect(), 'asItIs');
    try {
      const status = statusWordOf(await channel.transmit(SELECT_APPLICATION)) ?? 0;
      return status === 0x9000 || status >> 8 === 0x61;
    } finally {
      await channel.close();
    }
  }

  #forgetOthersThan(readers: readonly PcscReader[]): void {
    const current = new Set(readers.map(keyOf));
    for (const key of this.#known.keys()) if (!current.has(key)) this.#known.delete(key);
  }
}

function keyOf({ readerName, atr, events }: PcscReader): string {
  return `${events} ${atr.toString('hex')} ${readerName}`;
}

function isBusy(error: VirtualSmartCardError): boolean {
  return error.hresult === Scard.SHARING_VIOLATION || error.code === 'ERR_TIMEOUT';
}

function cardInfo({ readerName, atr }: PcscReader, details: CardDetails): CardInfo {
  const { isGenerated, ...known } = details;
  return {
    instanceId: readerInstanceId(readerName),
    name: readerName,
    readerName,
    atr: atr.toString('hex'),
    ...known,
    state: isGenerated ? 'ready' : 'blank',
    stateReason: undefined,
    // What is behind a reader, it does not say.
    tpm: undefined,
    antiHammering: undefined,
    allowKeyImport: undefined,
  };
}
