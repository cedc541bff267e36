import { type AdminAuthenticator, withAdmin } from '../admin-authentication.js';
import { type AbortOptions, checkCallback, checkOptions, checkSignal } from '../arguments.js';
import type { CardConnection } from '../backend/backend.js';
import { VirtualSmartCardError } from '../errors.js';
import { encryptTripleDes } from '../gids/triple-des.js';
import { type AdminKeyEscrow, deposit } from './escrow.js';
import { ChosenAdminKey, type NextAdminKey } from './next-admin-key.js';

/** Options of a change of the admin key. The signal stops it until the card has the response. */
export interface ChangeAdminKeyOptions extends AbortOptions {
  /** Told of the next key, and waited for, before the card gets it. */
  escrow?: AdminKeyEscrow | undefined;
}

/** With these the card has not begun the change, and has the key that it had. */
const UNCHANGED = new Set([
  'ERR_ABORTED',
  'ERR_ADMIN_CHALLENGE_ENDED',
  'ERR_ADMIN_KEY_INCORRECT',
  'ERR_CLOSED',
  'ERR_INVALID_ARGUMENT',
  'ERR_NOT_SUPPORTED',
  'ERR_NOT_SUPPORTED_REMOTE',
]);

/** Replaces the admin key; see `VirtualSmartCard.changeAdminKey`. */
export async function changeAdminKey(
  connection: CardConnection,
  card: { instanceId: string; name: string },
  current: AdminAuthenticator,
  next: NextAdminKey,
  options: ChangeAdminKeyOptions,
): Promise<void> {
  checkOptions(options, ['escrow', 'signal']);
  const { escrow, signal } = options;
  checkCallback(escrow, 'escrow');
  checkSignal(signal);
  const chosen = new ChosenAdminKey(next, 'next');
  try {
    await withAdmin(
      current,
      'current',
      async (respond) => {
        const { cardId } = await connection.info();
        const { key, diversifier } = chosen.resolve(cardId);
        const { instanceId, name } = card;
        await deposit(escrow, key, { instanceId, name, cardId, diversifier, signal });
        await replace(connection, respond, key);
      },
      signal,
    );
  } finally {
    chosen.wipe();
  }
}

/** When the card's answer was lost, the card is asked which key it has. */
async function replace(
  connection: CardConnection,
  respond: (challenge: Uint8Array) => Promise<Uint8Array>,
  key: Uint8Array,
): Promise<void> {
  try {
    await connection.asAdmin(respond, { setAdminKey: key });
  } catch (error) {
    // Also one of the responder's own.
    if (!VirtualSmartCardError.is(error)) throw error;
    if (UNCHANGED.has(error.code)) throw error;
    const inForce = await keyInForce(connection, key);
    if (inForce !== 'next') throw withKeyInForce(error, inForce);
  }
}

async function keyInForce(
  connection: CardConnection,
  next: Uint8Array,
): Promise<'current' | 'next' | 'unknown'> {
  try {
    const respond = async (challenge: Uint8Array) => encryptTripleDes(next, challenge);
    await connection.asAdmin(respond, { authenticateOnly: true });
    return 'next';
  } catch (error) {
    return VirtualSmartCardError.is(error, 'ERR_ADMIN_KEY_INCORRECT') ? 'current' : 'unknown';
  }
}

function withKeyInForce(error: VirtualSmartCardError, adminKeyInForce: 'current' | 'unknown') {
  const { code, message } = error;
  const text =
    adminKeyInForce === 'current'
      ? 'The admin key was not changed.'
      : 'Whether the admin key was changed is not known: keep both keys, and find out by verifyAdminKey.';
  const { message: _message, code: _code, ...fields } = error.toJSON();
  return new VirtualSmartCardError(code, `${message} ${text}`, {
    ...fields,
    adminKeyInForce,
    cause: error,
  });
}
