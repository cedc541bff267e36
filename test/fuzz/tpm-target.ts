import type { Backend } from '../../lib/backend/backend.js';
import { openEmbeddedBackend } from '../../lib/backend/embedded/embedded-backend.js';
import type { ApduChannel } from '../../lib/gids/channel.js';
import { AdminKey, type VirtualSmartCardManager } from '../../lib/index.js';
import type { CardSecrets } from './secrets.js';
import type { FuzzTarget } from './target.js';

/** A card of the embedded TPM, by the same channels as programs get that reach it by PC/SC. */
export class TpmTarget implements FuzzTarget {
  readonly secrets: Readonly<CardSecrets>;
  readonly state = undefined;
  readonly keyUses = 0;
  readonly isBlank = false;
  readonly instanceId: string;
  readonly #backend: Backend;

  private constructor(backend: Backend, instanceId: string, secrets: CardSecrets) {
    this.#backend = backend;
    this.instanceId = instanceId;
    this.secrets = secrets;
  }

  /** Creates a card that has a P-256 key. */
  static async create(
    manager: VirtualSmartCardManager,
    stateDirectory: string,
    secrets: CardSecrets,
  ): Promise<TpmTarget> {
    const { pin, puk, adminKey } = secrets;
    const card = await manager.create({
      ...{ name: 'Fuzzed', pin, adminKey: AdminKey.fromBytes(adminKey), allowKeyImport: true },
      ...{ pinPolicy: { minLength: 4 }, ...(puk && { puk }) },
    });
    await card.createKey({ algorithm: 'EC-P256' }, { pin });
    const backend = await openEmbeddedBackend({ stateDirectory });
    return new TpmTarget(backend, card.instanceId, secrets);
  }

  async connect(): Promise<ApduChannel> {
    if (!this.#backend.openChannel) throw new Error('the embedded backend opens channels');
    return this.#backend.openChannel(this.instanceId);
  }

  /** Lets go of the channels; the card stays. */
  close(): Promise<void> {
    return this.#backend.close();
  }
}
