import { VirtualSmartCardError } from '../../errors.js';
import { GidsCardConnection } from '../../gids/card-connection.js';
import { loadPcscAddon, type PcscAddon, type PcscReader } from '../../native-pcsc.js';
import { watchCards } from '../../pcsc/client/card-watcher.js';
import { ReaderChannel } from '../../pcsc/client/reader-channel.js';
import type { Backend, CardConnection, CardInfo, CardWatch, TpmStatus } from '../backend.js';
import { CardIdentity } from './card-identity.js';
import { GidsReaders } from './gids-readers.js';
import { pcscError } from './pcsc-error.js';
import { PCSC_LIMITS, type PcscLimits, PcscSystem } from './pcsc-system.js';
import { normalizeReaderId, readerInstanceId, readerNameOf } from './reader-id.js';

/** How long pcscd may take to come back from a wait that was ended. */
const WATCH_GRACE_MS = 10_000;

/**
 * Opens the pcsc backend: every GIDS card in a reader of pcscd.
 *
 * @throws VirtualSmartCardError `ERR_NOT_SUPPORTED` on Windows, `ERR_NATIVE_ADDON`
 */
export async function openPcscBackend(limits: Partial<PcscLimits> = {}): Promise<Backend> {
  return new PcscBackend(loadPcscAddon(), { ...PCSC_LIMITS, ...limits });
}

/** @internal Exported for tests, which bring an addon of their own. */
export class PcscBackend implements Backend {
  readonly kind = 'pcsc';
  readonly #system: PcscSystem;
  readonly #readers: GidsReaders;
  readonly #open = new Set<{ close(): Promise<void> }>();
  #closed: Promise<void> | undefined;

  constructor(addon: PcscAddon, limits: PcscLimits) {
    this.#system = new PcscSystem(addon, limits);
    this.#readers = new GidsReaders(this.#system);
  }

  normalizeInstanceId(instanceId: string): string {
    return normalizeReaderId(instanceId);
  }

  async list(): Promise<CardInfo[]> {
    this.#requireOpen();
    const readers = await this.#readers.list();
    const cards = await Promise.all(readers.map((reader) => this.#readers.describe(reader)));
    return cards.filter((card) => card !== undefined);
  }

  async connect(instanceId: string): Promise<CardConnection> {
    this.#requireOpen();
    const reader = await this.#find(instanceId);
    const identity = new CardIdentity();
    const access = this.#system.access(reader.readerName, 'command');
    const checked = {
      ...access,
      requireSameCard: (handle: Parameters<typeof identity.check>[1]) =>
        identity.check(access, handle),
    };
    const handle = await access.connect();
    try {
      await checked.requireSameCard(handle);
      this.#requireOpen();
    } catch (error) {
      await handle.close(false).result;
      throw error;
    }
    const channel = new ReaderChannel(checked, handle, 'resetIfUsed');
    return this.#closeWithManager(new GidsCardConnection(channel, () => this.#info(instanceId)));
  }

  async watch(): Promise<CardWatch> {
    this.#requireOpen();
    const watch = await watchCards({
      watchReaders: (listener) => this.#system.addon.watchReaders(listener),
      toError: pcscError,
      cards: async () => (await this.#cards()).map(({ readerName }) => event(readerName)),
      graceMs: WATCH_GRACE_MS,
    });
    return this.#closeWithManager(watch);
  }

  create(): Promise<string> {
    return notSupported(
      'Cards in readers are not made here. Make one with the embedded backend, and publish it.',
    );
  }

  destroy(): Promise<void> {
    return notSupported('Cards in readers cannot be destroyed. Delete their containers instead.');
  }

  tpmStatus(): Promise<TpmStatus> {
    return notSupported('A reader does not say whether a TPM is behind its card.');
  }

  resetTpmLockout(): Promise<void> {
    return notSupported('A reader does not say whether a TPM is behind its card.');
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#open].map((thing) => thing.close()));
  }

  async #info(instanceId: string): Promise<CardInfo> {
    const info = await this.#readers.describe(await this.#find(instanceId));
    return info ?? Promise.reject(notFound(instanceId));
  }

  async #find(instanceId: string): Promise<PcscReader> {
    const wanted = readerNameOf(instanceId);
    const readers = await this.#readers.list();
    const found = readers.find(({ readerName }) => readerName === wanted);
    return found ?? Promise.reject(notFound(instanceId));
  }

  /** None while pcscd does not run, since a watch outlives it. */
  async #cards(): Promise<PcscReader[]> {
    try {
      return await this.#readers.list();
    } catch (error) {
      const isDown = VirtualSmartCardError.is(error, 'ERR_SMART_CARD_SERVICE');
      // Without a code of pcscd's, its library is missing.
      if (isDown && error.hresult !== undefined) return [];
      throw error;
    }
  }

  /** Until it is closed by itself. */
  #closeWithManager<T extends { close(): Promise<void> }>(thing: T): T {
    const close = thing.close.bind(thing);
    this.#open.add(thing);
    thing.close = () => {
      this.#open.delete(thing);
      return close();
    };
    return thing;
  }

  #requireOpen(): void {
    if (!this.#closed) return;
    throw new VirtualSmartCardError('ERR_CLOSED', 'The manager was closed.');
  }
}

function event(readerName: string) {
  return { instanceId: readerInstanceId(readerName), name: readerName };
}

function notFound(instanceId: string): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_CARD_NOT_FOUND',
    `There is no reader "${readerNameOf(instanceId)}" with a GIDS card. List the cards to see those there are.`,
  );
}

function notSupported(why: string): Promise<never> {
  return Promise.reject(new VirtualSmartCardError('ERR_NOT_SUPPORTED', why));
}
