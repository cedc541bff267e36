import { expect, test } from 'vitest';
import { AdminKey } from '../../../lib/index.js';
import { expectError } from '../../support/expect-error.js';
import { cardOptions, openManager, randomPin, temporaryDirectory } from '../../support/store.js';

test('a PUK keeps the admin key from resetting the PIN even before there is a file system', async () => {
  const manager = await openManager(await temporaryDirectory());
  const [adminKey, puk] = [AdminKey.random(), randomPin(12)];
  const options = cardOptions({ adminKey, puk, generate: false });
  const card = await manager.create(options);
  expect(await card.info()).toMatchObject({ state: 'blank', hasPuk: true });
  await card.verifyAdminKey(adminKey);
  await expectError(card.unblock({ adminKey, newPin: randomPin() }), 'ERR_ADMIN_RESET_NOT_ALLOWED');
  await card.verifyPin(options.pin);
});
