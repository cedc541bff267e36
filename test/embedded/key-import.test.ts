import { generateKeyPairSync, randomBytes, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { expectError } from '../support/expect-error.js';
import { cardOptions, openManager, temporaryDirectory } from '../support/store.js';

// Windows lets no keys into its cards, so that this is no part of the behaviour of both backends.

test('keys are imported only on a card that was made for it', async () => {
  const manager = await openManager(await temporaryDirectory());
  const closed = cardOptions();
  const open = cardOptions({ allowKeyImport: true });
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const strict = await manager.create(closed);
  await expectError(
    strict.importKey({ privateKey }, { pin: closed.pin }),
    'ERR_KEY_IMPORT_NOT_ALLOWED',
  );
  expect(await strict.containers()).toEqual([]);
  const card = await manager.create(open);
  const imported = await card.importKey({ privateKey, container: 'mine' }, { pin: open.pin });
  expect(imported.publicKey.equals(publicKey)).toBe(true);
  const data = randomBytes(10);
  const signature = await imported.sign('RSA-PSS-SHA256', data, { pin: open.pin });
  const padding = { key: publicKey, padding: 6, saltLength: 32 };
  expect(verify('sha256', data, padding, signature)).toBe(true);
  for (const curve of ['P-256', 'P-384']) {
    const pair = generateKeyPairSync('ec', { namedCurve: curve });
    const key = await card.importKey(
      { privateKey: pair.privateKey, container: curve },
      { pin: open.pin },
    );
    const proof = await key.sign('ECDSA-SHA384', data, { pin: open.pin });
    expect(verify('sha384', data, pair.publicKey, proof)).toBe(true);
  }
});
