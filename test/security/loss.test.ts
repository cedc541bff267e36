import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Tpm } from '../../lib/tpm/tpm.js';
import { expectError } from '../support/expect-error.js';
import {
  cardOptions,
  openManager,
  otherPin,
  randomPin,
  temporaryDirectory,
} from '../support/store.js';
import { Swtpm } from '../support/swtpm.js';

test('tpm2_clear ends every card for good, and the error says so', async () => {
  const swtpm = await Swtpm.start();
  onTestFinished(() => swtpm.remove());
  const directory = await temporaryDirectory();
  const before = await openManager(directory, swtpm.address);
  await before.create(cardOptions({ name: 'The lost one' }));
  await before.close();
  await swtpm.tool('tpm2_clear');

  const manager = await openManager(directory, swtpm.address);
  const error = await expectError(manager.card(), 'ERR_CARD_LOST');
  expect(error.message).toMatch(/"The lost one" is gone for good.*cleared/s);
  const [info] = await manager.list();
  expect(info).toMatchObject({ name: 'The lost one', state: 'lost', stateReason: error.message });
  // A new card is made beside it on the cleared TPM, and the lost one can be taken away.
  const options = cardOptions();
  const fresh = await manager.create(options);
  await fresh.verifyPin(options.pin);
  await manager.destroy('0000');
  expect(await manager.list()).toMatchObject([{ instanceId: fresh.instanceId, state: 'ready' }]);
});

test('a TPM cleared under a card in use: the next call says that the card is gone', async () => {
  const opening = vi.spyOn(Tpm, 'open');
  onTestFinished(() => opening.mockRestore());
  const manager = await openManager(await temporaryDirectory());
  const tpm = await opening.mock.results[0]?.value;
  const { pin, ...rest } = cardOptions();
  const card = await manager.create({ pin, ...rest });
  const key = await card.createKey({ algorithm: 'EC-P256' }, { pin });
  // TPM2_Clear with the lockout authorisation, which is empty on a software TPM.
  const clear = '80020000001b000001264000000a00000009400000090000000000';
  const answer = await tpm.transport.transmit(Buffer.from(clear, 'hex'));
  expect(answer.readUInt32BE(6)).toBe(0);
  await expectError(card.verifyPin(pin), 'ERR_CARD_LOST');
  await expectError(key.sign('ECDSA-SHA256', 'data', { pin }), 'ERR_CARD_LOST');
  expect(await manager.list()).toMatchObject([{ state: 'lost' }]);
  await manager.destroy(card.instanceId);
  expect(await manager.list()).toEqual([]);
});

test('cards/ beside another TPM is useless', async () => {
  const [here, there] = [await temporaryDirectory(), await temporaryDirectory()];
  const { pin, ...rest } = cardOptions();
  const first = await openManager(here);
  const card = await first.create({ pin, ...rest });
  await card.createKey({ algorithm: 'EC-P256' }, { pin });
  await first.close();
  const second = await openManager(there);
  await second.close();
  await cp(join(here, 'cards'), join(there, 'cards'), { recursive: true });
  const manager = await openManager(there);
  const error = await expectError(manager.card(), 'ERR_CARD_LOST');
  expect(error.message).toMatch(/gone for good.*another TPM/s);
  expect(await manager.list()).toMatchObject([{ state: 'lost', pinTriesLeft: undefined }]);
  await manager.close();
  // Destroying the copy does no harm to the card it was copied from.
  const destroyer = await openManager(there);
  await destroyer.destroy('0000');
  await destroyer.close();
  const home = await openManager(here);
  await (await home.card()).verifyPin(pin);
});

test('a store never switches its TPM', async () => {
  const directory = await temporaryDirectory();
  const manager = await openManager(directory);
  await manager.close();
  const error = await expectError(
    openManager(directory, 'swtpm:unix:/nowhere'),
    'ERR_INVALID_ARGUMENT',
  );
  expect(error).toMatchObject({ parameter: 'tpm', actual: 'swtpm:unix:/nowhere' });
});

/**
 * What docs/security.md says first: the files of a software TPM are the TPM. Whoever restores an
 * older copy of all of them, tpm/ and cards/ together, has the older state, tries and PIN included.
 */
test('rolling back a software TPM with all its files rewinds the tries and the PIN', async () => {
  const directory = await temporaryDirectory();
  const copy = await temporaryDirectory();
  const { pin, ...rest } = cardOptions();
  const first = await openManager(directory);
  await first.create({ pin, ...rest });
  await first.close();
  await cp(directory, copy, { recursive: true });

  const second = await openManager(directory);
  const card = await second.card();
  const newPin = randomPin();
  await card.changePin(pin, newPin);
  for (let number = 0; number < 4; number++) {
    await expectError(card.verifyPin(pin), 'ERR_PIN_INCORRECT');
  }
  await second.close();

  await rm(directory, { recursive: true });
  await cp(copy, directory, { recursive: true });
  const third = await openManager(directory);
  const rolledBack = await third.card();
  expect(await rolledBack.pinTries()).toEqual({ left: 5, max: 5 });
  await expectError(rolledBack.verifyPin(otherPin(pin)), 'ERR_PIN_INCORRECT');
  await rolledBack.verifyPin(pin);
});

test('rolling back the software TPM alone ends the cards made or changed since', async () => {
  const directory = await temporaryDirectory();
  const copy = await temporaryDirectory();
  const { pin, ...rest } = cardOptions();
  const first = await openManager(directory);
  const card = await first.create({ pin, ...rest });
  await first.close();
  await cp(join(directory, 'tpm'), copy, { recursive: true });
  const second = await openManager(directory);
  await (await second.card(card.instanceId)).changePin(pin, randomPin());
  await second.close();
  await rm(join(directory, 'tpm'), { recursive: true });
  await cp(copy, join(directory, 'tpm'), { recursive: true });
  const third = await openManager(directory);
  await expectError(third.card(), 'ERR_CARD_LOST');
});
