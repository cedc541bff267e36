import { creationStatus } from '../../creation-status.js';
import { VirtualSmartCardError } from '../../errors.js';
import { formatInstanceId } from '../../instance-id.js';
import { Tpm } from '../../tpm/tpm.js';
import { openTransport, parseTpmAddress } from '../../tpm/tpm-address.js';
import { Turns } from '../../turns.js';
import type { CardEvent, CardInfo, CreateRequest, LongCallOptions, TpmStatus } from '../backend.js';
import { CardEventQueue } from '../card-event-queue.js';
import { createCard, reporter, throwIfAborted } from './create-card.js';
import { EmbeddedCard } from './embedded-card.js';
import type { EmbeddedChannel } from './embedded-channel.js';
import type { EmbeddedConnection } from './embedded-connection.js';
import { eraseCard } from './intent.js';
import { type LostCard, lostCardInfo } from './lost-card.js';
import { inspectCards, readHeader, recoverCards, storageParentOf } from './recovery.js';
import type { StateDirectory } from './state-directory.js';
import type { StateLock } from './state-lock.js';
import { isOurs, type StoreContext } from './store-context.js';
import { chooseSettings, writeSettings } from './store-settings.js';

/** As on Windows. */
const CARD_LIMIT = 10;

/** Windows' figures for the TPM's lockout, which a software TPM gets when it is made. */
const LOCKOUT = {
  maxAuthFail: 32,
  lockoutIntervalMs: 10 * 60 * 1000,
  lockoutRecoveryMs: 24 * 60 * 60 * 1000,
};

/** How a store is opened. */
export interface StoreOptions {
  tpm?: string | undefined;
  ownerAuthorization?: Uint8Array | undefined;
  /** Only to look at it: nothing is made, and nothing that a killed process left is made good. */
  inspect?: boolean | undefined;
}

/** A state directory in use: its TPM and its cards. */
export class EmbeddedStore {
  readonly context: StoreContext;
  /** Address of the TPM, as the `tpm` option spells it. */
  readonly address: string;
  readonly #lock: StateLock;
  readonly #cards: Map<number, EmbeddedCard | LostCard>;
  readonly #watches = new Set<CardEventQueue>();
  /** Cards are made, listed and destroyed one at a time. */
  readonly #turns = new Turns();

  private constructor(
    context: StoreContext,
    address: string,
    lock: StateLock,
    cards: Map<number, EmbeddedCard | LostCard>,
  ) {
    this.context = context;
    this.address = address;
    this.#lock = lock;
    this.#cards = cards;
  }

  /** Opens the store. Takes the lock over: `close` releases it, as does a failure to open. */
  static async open(
    directory: StateDirectory,
    lock: StateLock,
    options: StoreOptions,
  ): Promise<EmbeddedStore> {
    let tpm: Tpm | undefined;
    try {
      const { settings, isNew } = await chooseSettings(directory, options.tpm);
      if (parseTpmAddress(settings.tpm).kind === 'libtpms') await directory.prepareTpm();
      const transport = await openTransport(settings.tpm, { tpmStateDirectory: directory.tpm });
      const storageParentName = await storageParentOf(directory);
      const { ownerAuthorization } = options;
      tpm = await Tpm.open(transport, { ownerAuthorization, storageParentName });
      if (isNew) {
        if (isOurs(tpm)) await tpm.setDictionaryAttackParameters(LOCKOUT);
        await writeSettings(directory, settings);
      }
      const context = { tpm, directory };
      const cards = await (options.inspect ? inspectCards : recoverCards)(context);
      return new EmbeddedStore(context, settings.tpm, lock, cards);
    } catch (error) {
      await tpm?.close();
      lock.release();
      throw error;
    }
  }

  get kind(): TpmStatus['kind'] {
    return parseTpmAddress(this.address).kind === 'device' ? 'hardware' : 'software';
  }

  /** Makes a card and resolves to its instance id. */
  async create(request: CreateRequest): Promise<string> {
    return this.#turns.take(async () => {
      throwIfAborted(request.signal);
      const instance = this.#freeInstance();
      const storage = await createCard(this.context, instance, request);
      this.#cards.set(instance, EmbeddedCard.of(this.context, storage));
      try {
        request.onProgress?.(creationStatus('CARD_CREATED'));
      } catch (error) {
        await this.#destroy(instance);
        throw error;
      }
      this.#tell('added', instance, request.name);
      return formatInstanceId(instance);
    });
  }

  async list(): Promise<CardInfo[]> {
    return this.#turns.take(async () => {
      const instances = [...this.#cards.keys()].sort((a, b) => a - b);
      return Promise.all(instances.map((instance) => this.#info(instance)));
    });
  }

  async destroy(instance: number, options: LongCallOptions): Promise<void> {
    await this.#turns.take(async () => {
      const card = this.#find(instance);
      const report = reporter(options);
      report('VREADER_DESTROYING');
      report('VGIDSSIMULATOR_DESTROYING');
      report('VTPMSMARTCARD_DESTROYING');
      await this.#destroy(instance);
      this.#tell('removed', instance, nameOf(card));
      // The card is gone: there is nothing left to abort.
      options.onProgress?.(creationStatus('CARD_DESTROYED'));
    });
  }

  connect(instance: number): EmbeddedConnection {
    return this.#findUsable(instance).connect(this.kind);
  }

  openChannel(instance: number): EmbeddedChannel {
    return this.#findUsable(instance).openChannel();
  }

  noteReader(instance: number, readerName: string | undefined): void {
    const card = this.#cards.get(instance);
    if (card instanceof EmbeddedCard) card.readerName = readerName;
  }

  /** Tells of the cards that are made and destroyed from now on, by whichever manager. */
  watch(onClose: (watch: CardEventQueue) => void): CardEventQueue {
    const queue = new CardEventQueue(async () => {
      this.#watches.delete(queue);
      onClose(queue);
    });
    this.#watches.add(queue);
    return queue;
  }

  async close(): Promise<void> {
    await this.#turns.take(async () => {
      const closed = new VirtualSmartCardError('ERR_CLOSED', 'The manager was closed.');
      try {
        for (const card of this.#cards.values()) {
          if (card instanceof EmbeddedCard) await card.end(closed);
        }
        await this.context.tpm.close();
      } finally {
        this.#lock.release();
      }
    });
  }

  #tell(type: CardEvent['type'], instance: number, name: string): void {
    const event = { type, instanceId: formatInstanceId(instance), name };
    for (const watch of this.#watches) watch.push(event);
  }

  #find(instance: number): EmbeddedCard | LostCard {
    const card = this.#cards.get(instance);
    if (card) return card;
    throw new VirtualSmartCardError(
      'ERR_CARD_NOT_FOUND',
      `There is no card ${formatInstanceId(instance)}. List the cards to see their instance ids.`,
    );
  }

  #findUsable(instance: number): EmbeddedCard {
    const card = this.#find(instance);
    if (card instanceof EmbeddedCard) return card;
    throw card.reason;
  }

  async #info(instance: number): Promise<CardInfo> {
    const card = this.#find(instance);
    if (!(card instanceof EmbeddedCard)) return lostCardInfo(instance, card, this.kind);
    try {
      return await card.info(this.kind);
    } catch (error) {
      if (!VirtualSmartCardError.is(error, 'ERR_CARD_LOST')) throw error;
      const lost = { name: nameOf(card), reason: error };
      return lostCardInfo(instance, lost, this.kind);
    }
  }

  #freeInstance(): number {
    for (let instance = 0; instance < CARD_LIMIT; instance++) {
      if (!this.#cards.has(instance)) return instance;
    }
    throw new VirtualSmartCardError(
      'ERR_CARD_LIMIT',
      `There are ${CARD_LIMIT} cards, the most that are allowed. Destroy one first.`,
    );
  }

  async #destroy(instance: number): Promise<void> {
    const card = this.#find(instance);
    const erase = () => this.#erase(instance);
    if (card instanceof EmbeddedCard) await card.end(destroyed(instance), erase);
    else await erase();
    this.#cards.delete(instance);
  }

  /** Indices of a card that was made on another TPM are not this TPM's to undefine. */
  async #erase(instance: number): Promise<void> {
    const { tpm, directory } = this.context;
    const header = await readHeader(directory, instance);
    const isHere = header?.storageParent === tpm.storageParentName.toString('hex');
    await eraseCard(this.context, instance, isHere ? header.nvIndexes : []);
  }
}

function nameOf(card: EmbeddedCard | LostCard): string {
  return card instanceof EmbeddedCard ? card.storage.header.name : card.name;
}

/** The error of every call on a card that was destroyed under it. */
function destroyed(instance: number): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_CARD_NOT_FOUND',
    `The card ${formatInstanceId(instance)} was destroyed.`,
  );
}
