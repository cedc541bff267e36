import { type AdminAuthenticator, withAdmin } from './admin-authentication.js';
import { checkOptions } from './arguments.js';
import type { CardConnection } from './backend/backend.js';
import { copyPin, copyPuk, SecretCopies } from './credentials.js';
import type { SecretInput } from './secret.js';

/** How a blocked card is opened again: by its PUK, by its admin key, or by someone who has that key. */
export type UnblockOptions =
  | { puk: SecretInput; newPin: SecretInput }
  | { adminKey: AdminAuthenticator; newPin: SecretInput };

/** Sets a new PIN by PUK or admin key, whichever the options hold. */
export async function unblockCard(
  connection: CardConnection,
  options: UnblockOptions,
): Promise<void> {
  const credential = 'puk' in Object(options) ? 'puk' : 'adminKey';
  checkOptions(options, [credential, 'newPin']);
  const secrets = new SecretCopies();
  try {
    const resetPin = secrets.keep(copyPin(options.newPin, 'newPin'));
    if ('puk' in options) {
      await connection.unblockWithPuk(secrets.keep(copyPuk(options.puk)), resetPin);
    } else {
      await withAdmin(options.adminKey, 'adminKey', (respond) =>
        connection.asAdmin(respond, { resetPin }),
      );
    }
  } finally {
    secrets.wipe();
  }
}
