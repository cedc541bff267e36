import type { VirtualSmartCardError } from '../../errors.js';
import { GidsApplet } from '../../gids/applet.js';
import type { CardState } from '../../gids/card-state.js';
import { decodeContainerMap } from '../../gids/container-map.js';
import { FileId, ObjectTag } from '../../gids/file-ids.js';
import { formatInstanceId } from '../../instance-id.js';
import { Turns } from '../../turns.js';
import type { CardInfo } from '../backend.js';
import { CardStorage } from './card-storage.js';
import { EmbeddedChannel } from './embedded-channel.js';
import { EmbeddedConnection } from './embedded-connection.js';
import type { StoreContext } from './store-context.js';
import { TpmVault } from './tpm-vault.js';

/** A card of the store that works: its storage, its vault, and the connections to it. */
export class EmbeddedCard {
  readonly storage: CardStorage;
  /** The reader that holds the card, while it is published. */
  readerName: string | undefined;
  readonly #vault: TpmVault;
  readonly #turns = new Turns();
  readonly #connections = new Set<EmbeddedConnection>();
  readonly #channels = new Set<EmbeddedChannel>();

  private constructor(storage: CardStorage, vault: TpmVault) {
    this.storage = storage;
    this.#vault = vault;
  }

  /** @throws VirtualSmartCardError `ERR_CARD_LOST`, `ERR_STATE_CORRUPT`, `ERR_STATE_IO` */
  static async load(context: StoreContext, instance: number): Promise<EmbeddedCard> {
    return EmbeddedCard.of(context, await CardStorage.load(context, instance));
  }

  static of(context: StoreContext, storage: CardStorage): EmbeddedCard {
    return new EmbeddedCard(storage, new TpmVault(context.tpm, storage));
  }

  /** Finishes what a kill may have kept from happening. */
  recover(): Promise<void> {
    return this.#vault.recover();
  }

  /** A connection with a PIN state of its own. */
  connect(tpmKind: CardInfo['tpm']): EmbeddedConnection {
    const applet = new GidsApplet(this.#vault, this.#turns);
    const connection = new EmbeddedConnection(applet, () => this.info(tpmKind));
    connection.onClose(() => this.#connections.delete(connection));
    this.#connections.add(connection);
    return connection;
  }

  /** A channel with a PIN state of its own, for APDUs that somebody else makes. */
  openChannel(): EmbeddedChannel {
    const channel = new EmbeddedChannel(this.#vault, this.#turns);
    channel.onClose(() => this.#channels.delete(channel));
    this.#channels.add(channel);
    return channel;
  }

  async info(tpmKind: CardInfo['tpm']): Promise<CardInfo> {
    return this.#turns.take(async () => {
      const { header, record, instance } = this.storage;
      const { state } = record;
      const [pin, puk] = await Promise.all([this.#vault.pinTries(), this.#vault.pukTries()]);
      return {
        instanceId: formatInstanceId(instance),
        name: header.name,
        cardId: cardIdOf(state),
        readerName: this.readerName,
        state: state.activated ? 'ready' : 'blank',
        stateReason: undefined,
        tpm: tpmKind,
        antiHammering: record.antiHammering,
        allowKeyImport: record.allowKeyImport,
        hasPuk: record.puk !== undefined,
        pinTriesLeft: pin.left,
        pinTriesMax: pin.max,
        pukTriesLeft: puk?.left,
        containerCount: countContainers(state),
      };
    });
  }

  /** Ends all log-ins, connections and channels; `work` runs with the card at rest. */
  async end(reason: VirtualSmartCardError, work?: () => Promise<void>): Promise<void> {
    await this.#turns.take(async () => {
      await work?.();
      await this.#vault.end(reason);
    });
    await Promise.all([
      ...[...this.#connections].map((connection) => connection.close()),
      ...[...this.#channels].map((channel) => channel.end(reason)),
    ]);
  }
}

/** The card's identifier as a UUID, its bytes in the order of the file. */
function cardIdOf(state: CardState): string | undefined {
  const file = state.files.get(FileId.EVERYONE_READS_ADMIN_WRITES);
  const cardId = file?.objects.get(ObjectTag.CARDID);
  if (cardId?.length !== 16) return undefined;
  const hex = Buffer.from(cardId).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function countContainers(state: CardState): number {
  const file = state.files.get(FileId.EVERYONE_READS_USER_WRITES);
  const map = file?.objects.get(ObjectTag.CMAPFILE);
  return map ? decodeContainerMap(map).filter((record) => record !== undefined).length : 0;
}
