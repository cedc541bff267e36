import { setTimeout as delay } from 'node:timers/promises';
import { ChosenAdminKey } from './admin/next-admin-key.js';
import { AdminKey } from './admin-key.js';
import { checkOptions, checkSignal } from './arguments.js';
import type { Backend, CardInfo, CreationClaim } from './backend/backend.js';
import type { VirtualSmartCard } from './card.js';
import { type Connect, createCard } from './create-card.js';
import {
  CREATE_OPTIONS,
  type CreateOptions,
  checkedCreateRequest,
  wipeCreateRequest,
} from './create-request.js';
import { checkCardId, findEnsured, requireAsAsked } from './ensured-card.js';
import { VirtualSmartCardError } from './errors.js';

/** What card there is to be, and how it is made if there is none. */
export interface EnsureOptions extends CreateOptions {
  /** The card's id as `CardInfo` has it: which of the cards it is, whatever its name. */
  cardId?: string | undefined;
}

/** The card that there is now. */
export interface EnsuredCard {
  /** Opened, with a PIN state of its own. */
  card: VirtualSmartCard;
  /** Whether this call made it; else it was there. */
  created: boolean;
}

const PAUSE_MS = 100;
/** Longer than a card takes to be made, with somebody who is asked for a PIN meanwhile. */
const PATIENCE_MS = 10 * 60 * 1000;

/** Finds or makes a card; see `VirtualSmartCardManager.ensure`. */
export async function ensureCard(
  backend: Backend,
  options: EnsureOptions,
  connect: Connect,
): Promise<EnsuredCard> {
  checkOptions(options, [...CREATE_OPTIONS, 'cardId']);
  const { cardId, ...wanted } = options;
  const id = checkCardId(cardId);
  checkSignal(wanted.signal);
  const request = checkedCreateRequest(wanted);
  let chosen: ChosenAdminKey | undefined;
  let adminKey: AdminKey | undefined;
  try {
    const { nextAdminKey } = wanted;
    chosen = nextAdminKey && new ChosenAdminKey(nextAdminKey, 'nextAdminKey');
    adminKey = AdminKey.fromBytes(request.adminKey);
    const { pin, puk } = request;
    const own: CreateOptions = { ...wanted, pin, puk, adminKey, nextAdminKey: chosen?.next };
    const claim = await claimCreation(backend, wanted.signal);
    try {
      const found = findEnsured(await backend.list(), wanted.name, id);
      if (!found) return { card: await createCard(backend, own, connect), created: true };
      requireAsAsked(found, wanted);
      const current = wanted.adminKey && adminKey;
      const card = await openFound(found, own, { current, chosen }, connect);
      return { card, created: false };
    } finally {
      await claim?.release();
    }
  } finally {
    wipeCreateRequest(request);
    adminKey?.dispose();
    chosen?.wipe();
  }
}

/** Waits for whoever looks for a card or makes one just now. */
async function claimCreation(
  backend: Backend,
  signal: AbortSignal | undefined,
): Promise<CreationClaim | undefined> {
  if (!backend.tryClaim) return undefined;
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const claim = await backend.tryClaim();
    if (claim) return claim;
    checkSignal(signal);
    if (Date.now() > deadline) {
      throw new VirtualSmartCardError(
        'ERR_TIMEOUT',
        `Another ensure has been looking for a card or making one for ${PATIENCE_MS / 60_000} minutes. Look what that program is busy with, and call again.`,
      );
    }
    await delay(PAUSE_MS);
  }
}

/** Opens the card that was there, and brings its admin key to what it is to be. */
async function openFound(
  found: CardInfo,
  { escrow, signal }: CreateOptions,
  keys: { current: AdminKey | undefined; chosen: ChosenAdminKey | undefined },
  connect: Connect,
): Promise<VirtualSmartCard> {
  const card = await connect(found.instanceId, found.name);
  const { current, chosen } = keys;
  try {
    if (!chosen) return card;
    using next = AdminKey.fromBytes(chosen.resolve(found.cardId).key);
    const isNext = await card.verifyAdminKey(next).then(
      () => true,
      (error: unknown) => {
        if (current && VirtualSmartCardError.is(error, 'ERR_ADMIN_KEY_INCORRECT')) return false;
        throw error;
      },
    );
    if (!isNext && current) {
      await card.changeAdminKey(current, chosen.next, { escrow, signal });
    }
    return card;
  } catch (error) {
    await card.close();
    throw error;
  }
}
