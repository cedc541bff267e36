import { randomBytes } from 'node:crypto';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CardFile } from '../../lib/backend/embedded/card-file.js';
import { Attacker, authOf, present, startAttackedTpm } from '../support/attacker.js';
import { expectError } from '../support/expect-error.js';
import {
  cardOptions,
  openManager,
  otherPin,
  randomPin,
  temporaryDirectory,
} from '../support/store.js';

test('the right PIN opens by tpm2-tools what the library sealed (so the refusals below mean something)', async () => {
  const swtpm = await startAttackedTpm();
  const directory = await temporaryDirectory();
  const manager = await openManager(directory, swtpm.address);
  const { pin, ...rest } = cardOptions();
  await manager.create({ pin, ...rest });
  await manager.close();
  const attacker = new Attacker(swtpm);
  const record = await attacker.readRecord(directory);
  const context = await attacker.load(present(record.pin.sealed), 'pin');
  const value = await attacker.unseal(record.pin, context, authOf(pin, record.pin));
  expect(value).toHaveLength(32);
});

test('a blocked card refuses the right PIN to raw TPM commands and to the owner', async () => {
  const swtpm = await startAttackedTpm();
  const directory = await temporaryDirectory();
  const { pin, ...rest } = cardOptions();
  const manager = await openManager(directory, swtpm.address);
  const card = await manager.create({ pin, ...rest });
  for (let number = 0; number < 4; number++) {
    await expectError(card.verifyPin(otherPin(pin)), 'ERR_PIN_INCORRECT');
  }
  await manager.close();
  const attacker = new Attacker(swtpm);
  const before = await attacker.readRecord(directory);
  const context = await attacker.load(present(before.pin.sealed), 'pin');
  const copy = await temporaryDirectory();
  await cp(directory, copy, { recursive: true });
  // The fifth wrong try is made with raw commands, so that the library has had no chance to react.
  const wrong = authOf(otherPin(pin), before.pin);
  await expect(attacker.unseal(before.pin, context, wrong)).rejects.toThrow(/0x[0-9A-F]*9A2/i);
  const right = authOf(pin, before.pin);
  await expect(attacker.unseal(before.pin, context, right)).rejects.toThrow(/0x12F/i);

  const again = await openManager(directory, swtpm.address);
  const blocked = await again.card();
  await expectError(blocked.verifyPin(pin), 'ERR_PIN_BLOCKED');
  await expectError(blocked.changePin(pin, randomPin()), 'ERR_PIN_BLOCKED');
  expect(await blocked.pinTries()).toEqual({ left: 0, max: 5 });
  await again.close();
  // From here on nothing is left that a PIN could open: not for the owner, not from an older copy.
  const after = await attacker.readRecord(directory);
  expect(after.pin.sealed).toBeUndefined();
  const file = await CardFile.read(join(copy, 'cards', '0000.card'));
  await expect(attacker.decrypt(file)).rejects.toMatchObject({ code: 'ERR_TPM_COMMAND' });
});

test('whoever redefines the PIN index still meets the authValue, and the TPM counts', async () => {
  const swtpm = await startAttackedTpm();
  const directory = await temporaryDirectory();
  const manager = await openManager(directory, swtpm.address);
  await manager.create(cardOptions());
  await manager.close();
  const attacker = new Attacker(swtpm);
  const { pin } = await attacker.readRecord(directory);
  const context = await attacker.load(present(pin.sealed), 'pin');
  const own = `hex:${randomBytes(32).toString('hex')}`;
  await attacker.redefine(present(pin.index), own);
  const counted = await attacker.lockoutCounter();
  for (const guess of [own, 'hex:00', `hex:${randomBytes(32).toString('hex')}`]) {
    const opening = attacker.unseal(pin, context, { index: own, object: guess });
    await expect(opening).rejects.toThrow(/0x98E|authorization/i);
  }
  expect(await attacker.lockoutCounter()).toBe(counted + 3);
});

test('a card with a PUK opens to neither owner authorisation nor its files', async () => {
  const swtpm = await startAttackedTpm();
  const directory = await temporaryDirectory();
  const manager = await openManager(directory, swtpm.address);
  const { pin, ...rest } = cardOptions({ puk: randomPin(10) });
  const card = await manager.create({ pin, ...rest });
  await card.createKey({ algorithm: 'EC-P256' }, { pin });
  await manager.close();
  const attacker = new Attacker(swtpm);
  const record = await attacker.readRecord(directory);
  // The admin key, which the owner can read, opens nothing here: no sealing of A is without PIN or PUK.
  expect(record.adminAuthorization).toBeUndefined();
  const own = `hex:${randomBytes(32).toString('hex')}`;
  for (const credential of [record.pin, present(record.puk)]) {
    const context = await attacker.load(present(credential.sealed), 'credential');
    await expect(swtpm.tool('tpm2_unseal', '-c', context)).rejects.toThrow();
    const opening = attacker.unseal(credential, context, { index: own, object: own });
    await expect(opening).rejects.toThrow(/0x[0-9A-F]*9A2/i);
    await attacker.redefine(present(credential.index), own);
    const redefined = attacker.unseal(credential, context, { index: own, object: own });
    await expect(redefined).rejects.toThrow(/0x98E/i);
  }
});

test('an old copy of the files brings back neither a changed PIN nor a destroyed card', async () => {
  const swtpm = await startAttackedTpm();
  const directory = await temporaryDirectory();
  const cards = join(directory, 'cards');
  const copies = await temporaryDirectory();
  const { pin, ...rest } = cardOptions();
  const newPin = randomPin();
  const manager = await openManager(directory, swtpm.address);
  const card = await manager.create({ pin, ...rest });
  await cp(cards, join(copies, 'first'), { recursive: true });
  await card.changePin(pin, newPin);
  await cp(cards, join(copies, 'second'), { recursive: true });
  await manager.close();

  await cp(join(copies, 'first'), cards, { recursive: true });
  const rolledBack = await openManager(directory, swtpm.address);
  expect(await rolledBack.list()).toMatchObject([{ state: 'lost' }]);
  await expectError(rolledBack.card(), 'ERR_CARD_LOST');
  await rolledBack.close();

  await cp(join(copies, 'second'), cards, { recursive: true });
  const restored = await openManager(directory, swtpm.address);
  const whole = await restored.card();
  await expectError(whole.verifyPin(pin), 'ERR_PIN_INCORRECT');
  await whole.verifyPin(newPin);
  await restored.destroy(whole.instanceId);
  await restored.close();

  for (const copy of ['first', 'second']) {
    await cp(join(copies, copy), cards, { recursive: true });
    const revived = await openManager(directory, swtpm.address);
    const error = await expectError(revived.card(), 'ERR_CARD_LOST');
    expect(error.message).toMatch(/gone for good/);
    await revived.destroy('0000');
    expect(await revived.list()).toEqual([]);
    await revived.close();
  }
});
