import { type AdminAuthenticator, withAdmin } from './admin-authentication.js';
import { type AbortOptions, checkOptions, checkSignal } from './arguments.js';
import type { CardConnection } from './backend/backend.js';
import { copyPin, copyPuk, SecretCopies } from './credentials.js';
import type { SecretInput } from './secret.js';

/**
 * How a blocked card is opened again: by its PUK, by its admin key, or by someone who has that key. The
 * signal ends the wait for somebody's response.
 */
export type UnblockOptions =
  | { puk: SecretInput; newPin: SecretInput }
  | ({ adminKey: AdminAuthenticator; newPin: SecretInput } & AbortOptions);

/** Sets a new PIN by PUK or admin key, whichever the options hold. */
export async function unblockCard(
  connection: CardConnection,
  options: UnblockOptions,
): Promise<void> {
  const byPuk = 'puk' in Object(options);
  checkOptions(options, byPuk ? ['puk', 'newPin'] : ['adminKey', 'newPin', 'signal']);
  if (!('puk' in options)) checkSignal(options.signal);
  const secrets = new SecretCopies();
  try {
    const resetPin = secrets.keep(copyPin(options.newPin, 'newPin'));
    if ('puk' in options) {
      await connection.unblockWithPuk(secrets.keep(copyPuk(options.puk)), resetPin);
    } else {
      await withAdmin(
        options.adminKey,
        'adminKey',
        (respond) => connection.asAdmin(respond, { resetPin }),
        options.signal,
      );
    }
  } finally {
    secrets.wipe();
  }
}
