import { expect, test } from 'vitest';
import { changeAdminKey } from '../../../lib/admin/change-admin-key.js';
import type { CardConnection } from '../../../lib/backend/backend.js';
import { VirtualSmartCardError } from '../../../lib/errors.js';
import { encryptTripleDes } from '../../../lib/gids/triple-des.js';
import { AdminKey } from '../../../lib/index.js';
import { expectError } from '../../support/expect-error.js';

const CARD = { instanceId: 'ROOT\\SMARTCARDREADER\\0000', name: 'Card' };
const CHALLENGE = Buffer.from('challeng');

/** A card that keeps an admin key, and whose answers get lost from the first change on, so many times. */
function losing(key: AdminKey, answers: number, keepsChange: boolean) {
  let inForce = key.exportBytes();
  let left = answers;
  const connection = {
    info: async () => ({ cardId: undefined }),
    asAdmin: async (...[respond, action]: Parameters<CardConnection['asAdmin']>) => {
      const isRight = encryptTripleDes(inForce, CHALLENGE).equals(await respond(CHALLENGE));
      const lost = new VirtualSmartCardError('ERR_TIMEOUT', 'The card does not answer.');
      if ('setAdminKey' in action && isRight && keepsChange) {
        inForce = Buffer.from(action.setAdminKey);
      }
      if (left > 0) {
        left -= 1;
        throw lost;
      }
      if (!isRight) throw new VirtualSmartCardError('ERR_ADMIN_KEY_INCORRECT', 'It is wrong.');
    },
  };
  return connection as unknown as CardConnection;
}

test('a change whose answer was lost is found out', async () => {
  const [current, next] = [AdminKey.random(), AdminKey.random()];
  await changeAdminKey(losing(current, 1, true), CARD, current, next, {});
  const failed = changeAdminKey(losing(current, 1, false), CARD, current, next, {});
  const error = await expectError(failed, 'ERR_TIMEOUT', { adminKeyInForce: 'current' });
  expect(error.message).toBe('The card does not answer. The admin key was not changed.');
});

test('where it cannot be found out, the error says so', async () => {
  const [current, next] = [AdminKey.random(), AdminKey.random()];
  const failed = changeAdminKey(losing(current, 2, true), CARD, current, next, {});
  await expectError(failed, 'ERR_TIMEOUT', { adminKeyInForce: 'unknown' });
});

test('a wrong key, and a derivation without anything to derive for, change nothing', async () => {
  const [current, next] = [AdminKey.random(), AdminKey.random()];
  const connection = losing(current, 0, true);
  const wrong = changeAdminKey(connection, CARD, next, AdminKey.random(), {});
  const error = await expectError(wrong, 'ERR_ADMIN_KEY_INCORRECT');
  expect(error.adminKeyInForce).toBeUndefined();
  const masterKey = new Uint8Array(32);
  await expectError(
    changeAdminKey(connection, CARD, current, { masterKey }, {}),
    'ERR_CARD_NOT_INITIALIZED',
    { parameter: 'diversifier' },
  );
  await changeAdminKey(connection, CARD, current, { masterKey, diversifier: 'x' }, {});
});

test.each([
  ['next', [AdminKey.random(), undefined, {}]],
  ['next', [AdminKey.random(), { masterkey: new Uint8Array(32) }, {}]],
  ['next', [AdminKey.random(), { masterKey: new Uint8Array(32), salt: 1 }, {}]],
  ['masterKey', [AdminKey.random(), { masterKey: new Uint8Array(16) }, {}]],
  ['diversifier', [AdminKey.random(), { masterKey: new Uint8Array(32), diversifier: '' }, {}]],
  ['escrow', [AdminKey.random(), AdminKey.random(), { escrow: 'vault' }]],
  ['options', [AdminKey.random(), AdminKey.random(), { Escrow: () => undefined }]],
  ['signal', [AdminKey.random(), AdminKey.random(), { signal: {} }]],
  ['current', ['admin key', AdminKey.random(), {}]],
] as unknown as [string, [AdminKey, AdminKey, object]][])(
  'a wrong %s is refused',
  async (parameter, [current, next, options]) => {
    const connection = losing(AdminKey.random(), 0, true);
    await expectError(
      changeAdminKey(connection, CARD, current, next, options),
      'ERR_INVALID_ARGUMENT',
      { parameter },
    );
  },
);
