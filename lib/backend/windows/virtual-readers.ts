import { setTimeout as delay } from 'node:timers/promises';
import { VirtualSmartCardError } from '../../errors.js';
import { normalizeInstanceId } from '../../instance-id.js';
import type { NativeReader, NativeReaderDevice, WindowsAddon } from '../../native-windows.js';
import type { TimeLimits } from './limits.js';
import { awaitCall } from './system-call.js';

/** A TPM virtual smart card as Windows shows it. */
export interface VirtualReader {
  /** Canonical: `ROOT\SMARTCARDREADER\0000`. */
  instanceId: string;
  /** The friendly name it was created with; empty when its device node has none. */
  name: string;
  /** The reader's name at the smart card service; undefined while or when it has none. */
  readerName: string | undefined;
  /** Empty when no card answers in the reader. */
  atr: Buffer;
  /** Whether the device manager and the smart card service both have it; they change one after the other. */
  isSettled: boolean;
}

/** SCARD_READER_TYPE_TPM. */
const TPM_READER = 0x80;
/** What SetupDi's enumerator ROOT lists: every reader that no bus brings, other makers' too. */
const ROOT_READER = /^ROOT\\SMARTCARDREADER\\[0-9]{4}$/i;
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 800;

/** Finds the readers of TPM virtual smart cards: device nodes and the smart card service's view, joined. */
export class VirtualReaders {
  readonly #addon: WindowsAddon;
  readonly #limits: TimeLimits;

  constructor(addon: WindowsAddon, limits: TimeLimits) {
    this.#addon = addon;
    this.#limits = limits;
  }

  /**
   * All of them, ordered by instance id. A device whose reader does not show yet is waited for.
   *
   * @throws VirtualSmartCardError `ERR_SMART_CARD_SERVICE`, `ERR_ACCESS_DENIED`, `ERR_WINDOWS`
   */
  async list(): Promise<VirtualReader[]> {
    return this.#settled((readers) => readers.every(({ isSettled }) => isSettled));
  }

  /** One of them; undefined when there is none. `isNew`: it was made just now, so it will show. */
  async find(instanceId: string, isNew: boolean): Promise<VirtualReader | undefined> {
    const wanted = (readers: VirtualReader[]) =>
      readers.find((reader) => reader.instanceId === instanceId);
    const readers = await this.#settled((now) => {
      const found = wanted(now);
      return found ? found.isSettled && found.atr.length > 0 : !isNew;
    });
    return wanted(readers);
  }

  /** The device nodes alone: enough to tell which cards there are, whatever becomes of their readers. */
  async devices(): Promise<NativeReaderDevice[]> {
    const devices = await this.#ask('Listing the reader devices', () => this.#addon.listDevices());
    return devices
      .filter(({ instanceId }) => ROOT_READER.test(instanceId))
      .map(({ instanceId, name }) => ({ instanceId: normalizeInstanceId(instanceId), name }));
  }

  /** Looks until it is as it should be, or the time for that is up. */
  async #settled(isSettled: (readers: VirtualReader[]) => boolean): Promise<VirtualReader[]> {
    const deadline = Date.now() + this.#limits.settle;
    for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      const readers = await this.#now();
      if (isSettled(readers) || Date.now() + pause > deadline) return readers;
      await delay(pause);
    }
  }

  async #now(): Promise<VirtualReader[]> {
    const readers = await this.#readers();
    const devices = await this.devices();
    // Windows stops the service when there is no reader: then there is none to list.
    if (readers instanceof VirtualSmartCardError && devices.length > 0) throw readers;
    return join(devices, readers instanceof VirtualSmartCardError ? [] : readers);
  }

  /** The service's readers, or its error when it does not run. */
  async #readers(): Promise<NativeReader[] | VirtualSmartCardError> {
    try {
      return await this.#ask('Listing the readers', () => this.#addon.listReaders());
    } catch (error) {
      if (VirtualSmartCardError.is(error, 'ERR_SMART_CARD_SERVICE')) return error;
      throw error;
    }
  }

  #ask<T>(what: string, start: Parameters<typeof awaitCall<T>>[0]): Promise<T> {
    return awaitCall(start, { timeoutMs: this.#limits.query, graceMs: 0, what });
  }
}

function join(devices: NativeReaderDevice[], readers: NativeReader[]): VirtualReader[] {
  const byId = new Map<string, NativeReader>();
  for (const reader of readers) {
    if (ROOT_READER.test(reader.instanceId)) {
      byId.set(normalizeInstanceId(reader.instanceId), reader);
    }
  }
  const names = new Map(devices.map(({ instanceId, name }) => [instanceId, name]));
  const ids = [...new Set([...names.keys(), ...byId.keys()])].sort();
  return ids.flatMap((instanceId) => {
    const reader = byId.get(instanceId);
    // Another maker's reader, which the device manager lists in the same place.
    if (reader?.deviceType !== undefined && reader.deviceType !== TPM_READER) return [];
    return {
      instanceId,
      name: names.get(instanceId) ?? '',
      readerName: reader?.readerName,
      atr: reader?.atr ?? Buffer.alloc(0),
      isSettled: names.has(instanceId) && reader !== undefined,
    };
  });
}
