import { VirtualSmartCardError } from '../../errors.js';
import { normalizeInstanceId } from '../../instance-id.js';
import { type KeyProvider, loadWindowsAddon, type WindowsAddon } from '../../native-windows.js';
import { watchCards } from '../../pcsc/client/card-watcher.js';
import { Turns } from '../../turns.js';
import type {
  Backend,
  CardConnection,
  CardInfo,
  CardWatch,
  CertificateStoreOption,
  CreateRequest,
  CreationClaim,
  LongCallOptions,
  TpmStatus,
} from '../backend.js';
import { describeCard, openCardConnection } from './card-connection.js';
import { CardManager } from './card-manager.js';
import { tryClaimCreation } from './creation-lock.js';
import { TIME_LIMITS, type TimeLimits } from './limits.js';
import { notSupportedRemotely, remoteCardConnection } from './remote-card.js';
import { readStoredContainers, type StoredContainer } from './stored-containers.js';
import { WindowsTpm } from './tpm.js';
import { UserCertificates } from './user-certificates.js';
import { type VirtualReader, VirtualReaders } from './virtual-readers.js';
import { windowsError } from './windows-error.js';
import type { CardSystem } from './winscard-channel.js';

export interface WindowsBackendOptions {
  /** Another machine; undefined for this one. */
  machine?: string | undefined;
  /** Whether Windows may ask the user for an administrator's consent; default false. */
  allowElevationPrompt?: boolean | undefined;
  /** Whether the user's store of certificates has the cards' too; default `currentUser`. */
  certificateStore?: CertificateStoreOption | undefined;
  /** For tests. */
  limits?: Partial<TimeLimits> | undefined;
}

/**
 * Opens the windows backend: the system's own TPM virtual smart cards.
 *
 * @throws VirtualSmartCardError `ERR_NOT_SUPPORTED` off Windows, `ERR_NATIVE_ADDON`
 */
export async function openWindowsBackend(options: WindowsBackendOptions = {}): Promise<Backend> {
  return new WindowsBackend(loadWindowsAddon(), options);
}

/** @internal Exported for tests, which bring an addon of their own. */
export class WindowsBackend implements Backend {
  readonly kind = 'windows';
  readonly #addon: WindowsAddon;
  readonly #system: CardSystem;
  readonly #readers: VirtualReaders;
  readonly #manager: CardManager;
  readonly #tpm: WindowsTpm;
  /** Cards made here and not seen with their reader yet, by instance id, with their names. */
  readonly #newCards = new Map<string, string>();
  /** Which provider made which container, by instance id. */
  readonly #makers = new Map<string, Map<string, KeyProvider>>();
  readonly #certificates: UserCertificates | undefined;
  readonly #open = new Set<{ close(): Promise<void> }>();
  /** Cards are made and destroyed one at a time, so that leftovers of one are not another's. */
  readonly #turns = new Turns();
  #closed: Promise<void> | undefined;

  constructor(addon: WindowsAddon, options: WindowsBackendOptions) {
    const limits = { ...TIME_LIMITS, ...options.limits };
    const { machine, allowElevationPrompt = false, certificateStore } = options;
    this.#addon = addon;
    this.#system = { addon, limits };
    this.#readers = new VirtualReaders(addon, limits);
    const address = { machine, allowElevationPrompt };
    this.#manager = new CardManager(addon, address, limits, this.#readers);
    this.#tpm = new WindowsTpm(addon, limits);
    this.#certificates =
      certificateStore === 'none' ? undefined : new UserCertificates(addon, limits);
  }

  async create(request: CreateRequest): Promise<string> {
    this.#requireOpen();
    return this.#turns.take(async () => {
      const instanceId = normalizeInstanceId(await this.#manager.create(request));
      this.#newCards.set(instanceId, request.name);
      return instanceId;
    });
  }

  async tryClaim(): Promise<CreationClaim | undefined> {
    this.#requireHere('Looking for a card and making it');
    return tryClaimCreation();
  }

  async list(): Promise<CardInfo[]> {
    this.#requireHere('Listing cards');
    const readers = await this.#readers.list();
    return Promise.all(readers.map((reader) => describeCard(this.#system, reader)));
  }

  async destroy(instanceId: string, options: LongCallOptions): Promise<void> {
    this.#requireOpen();
    await this.#turns.take(async () => {
      const containers = await this.#containersOf(instanceId);
      try {
        await this.#manager.destroy(instanceId, options);
      } catch (error) {
        // Then it was destroyed all the same.
        if (!VirtualSmartCardError.is(error, 'ERR_REBOOT_REQUIRED')) throw error;
        await this.#forgetCard(instanceId, containers);
        throw error;
      }
      await this.#forgetCard(instanceId, containers);
    });
  }

  /** Those whose certificates leave the user's store when the card is destroyed, as far as it tells. */
  async #containersOf(instanceId: string): Promise<StoredContainer[]> {
    if (!this.#certificates || this.#manager.isRemote) return [];
    let reader: VirtualReader | undefined;
    try {
      reader = await this.#readers.find(instanceId, false);
    } catch (error) {
      // The destruction itself says what is wrong, if it is wrong for it.
      if (!VirtualSmartCardError.is(error)) throw error;
    }
    if (reader?.readerName === undefined) return [];
    return readStoredContainers(this.#system, reader.readerName);
  }

  async #forgetCard(instanceId: string, containers: StoredContainer[]): Promise<void> {
    this.#newCards.delete(instanceId);
    this.#makers.delete(instanceId);
    await this.#certificates?.removeAllOf(containers);
  }

  #makersOf(instanceId: string): Map<string, KeyProvider> {
    const makers = this.#makers.get(instanceId) ?? new Map<string, KeyProvider>();
    this.#makers.set(instanceId, makers);
    return makers;
  }

  async connect(instanceId: string): Promise<CardConnection> {
    this.#requireOpen();
    const newName = this.#newCards.get(instanceId);
    if (this.#manager.isRemote) {
      if (newName === undefined) throw notSupportedRemotely('Opening a card');
      return remoteCardConnection(instanceId, newName);
    }
    const reader = await this.#readers.find(instanceId, newName !== undefined);
    if (!reader) {
      throw new VirtualSmartCardError(
        'ERR_CARD_NOT_FOUND',
        `There is no card ${instanceId}. List the cards to see their instance ids.`,
      );
    }
    const connection = await openCardConnection(this.#system, reader, {
      makers: this.#makersOf(instanceId),
      certificates: this.#certificates,
    });
    this.#newCards.delete(instanceId);
    return this.#closeWithManager(connection);
  }

  async tpmStatus(): Promise<TpmStatus> {
    this.#requireHere("Reading the TPM's status");
    return this.#tpm.status();
  }

  async resetTpmLockout(lockoutAuthorization: Uint8Array): Promise<void> {
    this.#requireHere("Resetting the TPM's lockout");
    await this.#tpm.resetLockout(lockoutAuthorization);
  }

  async watch(): Promise<CardWatch> {
    this.#requireHere('Watching cards');
    return this.#closeWithManager(
      await watchCards({
        watchReaders: (listener) => this.#addon.watchReaders(listener),
        toError: windowsError,
        cards: () => this.#readers.list(),
        graceMs: this.#system.limits.grace,
      }),
    );
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#open].map((thing) => thing.close()));
    // What is under way is waited for.
    await this.#turns.take(async () => undefined);
  }

  /** Until it is closed by itself. One that comes after the manager's end is of no use to anybody. */
  async #closeWithManager<T extends { close(): Promise<void> }>(thing: T): Promise<T> {
    if (this.#closed) {
      await thing.close();
      this.#requireOpen();
    }
    const close = thing.close.bind(thing);
    this.#open.add(thing);
    thing.close = () => {
      this.#open.delete(thing);
      return close();
    };
    return thing;
  }

  #requireHere(what: string): void {
    this.#requireOpen();
    if (this.#manager.isRemote) throw notSupportedRemotely(what);
  }

  #requireOpen(): void {
    if (!this.#closed) return;
    throw new VirtualSmartCardError('ERR_CLOSED', 'The manager was closed.');
  }
}
