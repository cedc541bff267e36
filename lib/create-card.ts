import { deposit } from './admin/escrow.js';
import { ChosenAdminKey } from './admin/next-admin-key.js';
import { AdminKey } from './admin-key.js';
import { checkCallback, checkSignal } from './arguments.js';
import type { Backend, LongCallOptions } from './backend/backend.js';
import type { VirtualSmartCard } from './card.js';
import { type CreateOptions, checkedCreateRequest, wipeCreateRequest } from './create-request.js';
import { watched } from './progress.js';
import { undoAndThrow } from './undo.js';

/** Opens a card whose name is known. */
export type Connect = (instanceId: string, name: string) => Promise<VirtualSmartCard>;

/**
 * Makes a card and opens it; see `VirtualSmartCardManager.create`. Everything is checked first, then the
 * admin key is stored elsewhere, then the card is made, then it gets its next admin key. What fails after
 * the card was made destroys it.
 */
export async function createCard(
  backend: Backend,
  options: CreateOptions,
  connect: Connect,
): Promise<VirtualSmartCard> {
  const request = checkedCreateRequest(options);
  let chosen: ChosenAdminKey | undefined;
  try {
    const { onProgress, signal, escrow, nextAdminKey } = options;
    checkCallback(onProgress, 'onProgress');
    checkSignal(signal);
    chosen = nextAdminKey && new ChosenAdminKey(nextAdminKey, 'nextAdminKey');
    const unknown = { instanceId: undefined, cardId: undefined, diversifier: undefined };
    await deposit(escrow, request.adminKey, { name: request.name, ...unknown, signal });

    const destroy = (instanceId: string, reason: unknown) => {
      const left = `The new card ${instanceId} is still there; destroy it yourself.`;
      const undo = () => backend.destroy(instanceId, {});
      return undoAndThrow(reason, left, undo, { instanceIds: [instanceId] });
    };
    const create = (watch: LongCallOptions) => backend.create({ ...request, ...watch });
    const instanceId = await watched({ onProgress, signal }, create, destroy);
    let card: VirtualSmartCard | undefined;
    try {
      card = await connect(instanceId, request.name);
      if (chosen) {
        using current = AdminKey.fromBytes(request.adminKey);
        await card.changeAdminKey(current, chosen.next, { escrow, signal });
      }
      return card;
    } catch (error) {
      await card?.close();
      return await destroy(instanceId, error);
    }
  } finally {
    wipeCreateRequest(request);
    chosen?.wipe();
  }
}
