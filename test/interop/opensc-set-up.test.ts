import { verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { AdminKey } from '../../lib/index.js';
import {
  FIRST_READER,
  inserted,
  pkcs15Objects,
  storeWithReaders,
  succeed,
} from '../support/opensc.js';
import { cardOptions, randomPin } from '../support/store.js';

const CARD_ID = '00112233445566778899AABBCCDDEEFF';

test('gids-tool sets a blank card up, which our API then uses', async () => {
  const { manager, publish, warnings } = await storeWithReaders();
  const { instanceId } = await manager.create(cardOptions({ generate: false }));
  await using _publication = await publish();
  await inserted(FIRST_READER);
  expect((await gidsTool()).stderr).toContain('unable to retrieve the master file');

  const pin = randomPin();
  const adminKey = Buffer.from(Array.from({ length: 24 }, (_, at) => at + 1)).toString('hex');
  const initialize = ['--initialize', '--admin-key', adminKey, '--serial-number', CARD_ID];
  await gidsTool(...initialize, '--pin', pin.toString());

  const dump = (await gidsTool()).stdout;
  expect(dump).toContain('Found 5 entries in the masterfile');
  expect(dump).toContain('no container found');
  const serial = (await succeed('opensc-tool', '--reader', FIRST_READER, '--serial')).stdout;
  expect(serial.replace(/ /g, '')).toContain(CARD_ID);

  const card = await manager.card(instanceId);
  expect((await card.info()).cardId).toBe('00112233-4455-6677-8899-aabbccddeeff');
  expect(await card.keys()).toEqual([]);
  const key = await card.createKey({ algorithm: 'RSA-2048', container: 'mine' }, { pin });
  const signature = await key.sign('RSA-SHA256', 'data', { pin });
  expect(verify('sha256', Buffer.from('data'), key.publicKey, signature)).toBe(true);
  await card.verifyAdminKey(AdminKey.fromHex(adminKey));
  const next = randomPin();
  await card.unblock({ adminKey: AdminKey.fromHex(adminKey), newPin: next });
  await card.verifyPin(next);
  expect(await pkcs15Objects()).toContain('Private RSA Key [mine]');
  // Twice it cannot be done, and nothing is lost by trying.
  await gidsTool(...initialize, '--pin', randomPin().toString());
  expect((await card.keys()).map(({ container }) => container)).toEqual(['mine']);
  await card.verifyPin(next);
  expect(warnings).toEqual([]);
});

/** gids-tool ends with 0 whatever came of it. */
function gidsTool(...words: string[]) {
  return succeed('gids-tool', '--reader', FIRST_READER, ...words);
}
