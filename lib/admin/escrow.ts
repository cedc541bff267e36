import { AdminKey } from '../admin-key.js';
import { checkSignal } from '../arguments.js';
import { unlessAborted } from '../unless-aborted.js';

/** An admin key that is about to be a card's, for whoever keeps such keys. */
export interface AdminKeyRecord {
  /** The key. It is wiped when the hook has ended: export or clone it. */
  adminKey: AdminKey;
  /** Its key check value, which tells it from the card's other keys. */
  kcv: string;
  /** The card's name. */
  name: string;
  /** The card; undefined when it is not made yet, as Windows chooses it then. */
  instanceId: string | undefined;
  /** As in `CardInfo`; undefined when the card is not made yet, or has no file system. */
  cardId: string | undefined;
  /** What the key was derived for, if it was derived: then the master key gives it again. */
  diversifier: string | Uint8Array | undefined;
  /** That of the call. */
  signal: AbortSignal | undefined;
}

/**
 * Stores an admin key before a card has it. When it throws, the card does not get the key, and the
 * caller gets the hook's error. A record may be left of a key that no card ever got, when what follows
 * fails: keep records by `kcv`, and never overwrite one that may be in force.
 */
export type AdminKeyEscrow = (record: AdminKeyRecord) => void | Promise<void>;

/**
 * Waits until the hook has stored the key.
 *
 * @param bytes - of the key; the caller wipes them
 * @throws VirtualSmartCardError `ERR_ABORTED`, and whatever the hook throws
 */
export async function deposit(
  escrow: AdminKeyEscrow | undefined,
  bytes: Uint8Array,
  about: Omit<AdminKeyRecord, 'adminKey' | 'kcv'>,
): Promise<void> {
  const { signal } = about;
  checkSignal(signal);
  if (!escrow) return;
  const adminKey = AdminKey.fromBytes(bytes);
  const stored = (async () => escrow({ ...about, adminKey, kcv: adminKey.kcv }))();
  // Wiped when the hook has ended, even if nobody waits for it any more.
  await unlessAborted(
    stored.finally(() => adminKey.dispose()),
    signal,
  );
}
