import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { CardFile } from '../../lib/backend/embedded/card-file.js';
import { type VirtualSmartCard, VirtualSmartCardError } from '../../lib/index.js';
import { Tpm } from '../../lib/tpm/tpm.js';
import { Attacker, present, startAttackedTpm } from '../support/attacker.js';
import { expectError } from '../support/expect-error.js';
import {
  cardOptions,
  openManager,
  otherPin,
  randomPin,
  temporaryDirectory,
} from '../support/store.js';
import { Swtpm } from '../support/swtpm.js';

/** A block where something goes wrong on the way, or somebody else works on the TPM. */

async function giveWrongPins(card: VirtualSmartCard, pin: Buffer): Promise<void> {
  for (let left = 4; left >= 0; left--) {
    const error = await expectError(card.verifyPin(otherPin(pin)), 'ERR_PIN_INCORRECT');
    expect(error.triesLeft).toBe(left);
  }
}

/** Has the TPM refuse new NV indices as a full one does; gives back the way out. */
function fillNv(): () => void {
  const full = new VirtualSmartCardError('ERR_TPM_NV_FULL', 'full, says the test');
  const spy = vi.spyOn(Tpm.prototype, 'nvDefine').mockRejectedValue(full);
  onTestFinished(() => spy.mockRestore());
  return () => spy.mockRestore();
}

test('a block that cannot be written down holds, ends all log-ins, and is made up for', async () => {
  const directory = await temporaryDirectory();
  const options = cardOptions();
  const { pin } = options;
  const first = await openManager(directory);
  const card = await first.create(options);
  const key = await card.createKey({ algorithm: 'EC-P256' }, { pin });
  await card.verifyPin(pin);
  await key.sign('ECDSA-SHA256', 'data');
  const makeRoom = fillNv();
  await giveWrongPins(await first.card(), pin);
  await expectError(key.sign('ECDSA-SHA256', 'data'), 'ERR_PIN_REQUIRED');
  await expectError(card.verifyPin(pin), 'ERR_PIN_BLOCKED');
  await first.close();

  // Neither does it keep the store from being opened.
  const second = await openManager(directory);
  await expectError((await second.card()).verifyPin(pin), 'ERR_PIN_BLOCKED');
  await second.close();

  const before = await CardFile.read(join(directory, 'cards', '0000.card'));
  makeRoom();
  const third = await openManager(directory);
  const after = await CardFile.read(join(directory, 'cards', '0000.card'));
  expect(after.header.fileSecretIndex).not.toBe(before.header.fileSecretIndex);
  expect(after.header.nvIndexes).toHaveLength(1);
  await expectError((await third.card()).verifyPin(pin), 'ERR_PIN_BLOCKED');
});

test('a block by raw commands under a card in use ends its log-ins at the next try', async () => {
  const directory = await temporaryDirectory();
  const options = cardOptions();
  const { pin } = options;
  const opening = vi.spyOn(Tpm, 'open');
  onTestFinished(() => opening.mockRestore());
  const manager = await openManager(directory);
  const tpm: Tpm = await opening.mock.results[0]?.value;
  const card = await manager.create(options);
  const key = await card.createKey({ algorithm: 'EC-P256' }, { pin });
  await card.verifyPin(pin);
  const { header } = await CardFile.read(join(directory, 'cards', '0000.card'));
  const index = present(header.nvIndexes.find((each) => each !== header.fileSecretIndex));
  for (let number = 0; number < 5; number++) {
    // TPM2_NV_Read by the index's own authorisation, and a wrong one.
    const command = Buffer.alloc(39);
    command.write('8002000000270000014e', 'hex');
    command.writeUInt32BE(index, 10);
    command.writeUInt32BE(index, 14);
    command.write('0000000d' + '40000009' + '0000' + '00' + '0004' + '77726f6e', 18, 'hex');
    command.write('0008', 35, 'hex');
    expect((await tpm.transport.transmit(command)).readUInt32BE(6)).toBe(0x9a2);
  }
  await expectError((await manager.card()).verifyPin(pin), 'ERR_PIN_BLOCKED');
  await expectError(key.sign('ECDSA-SHA256', 'data'), 'ERR_PIN_REQUIRED');
  expect(
    (await CardFile.read(join(directory, 'cards', '0000.card'))).header.nvIndexes,
  ).toHaveLength(1);
});

test('a PIN index that somebody undefined blocks that PIN alone, and unblocking works', async () => {
  const swtpm = await startAttackedTpm();
  const directory = await temporaryDirectory();
  const options = cardOptions({ puk: randomPin(10) });
  const other = cardOptions();
  const first = await openManager(directory, swtpm.address);
  const key = await (await first.create(options)).createKey(
    { algorithm: 'EC-P256' },
    { pin: options.pin },
  );
  await first.create(other);
  await first.close();
  const attacker = new Attacker(swtpm);
  const record = await attacker.readRecord(directory);
  const handle = `0x${present(record.pin.index).toString(16)}`;
  await swtpm.tool('tpm2_nvundefine', '-C', 'o', handle);

  const manager = await openManager(directory, swtpm.address);
  expect(await manager.list()).toMatchObject([{ pinTriesLeft: 0 }, { pinTriesLeft: 5 }]);
  await (await manager.card('0001')).verifyPin(other.pin);
  const card = await manager.card('0000');
  await expectError(card.verifyPin(options.pin), 'ERR_PIN_BLOCKED');
  const newPin = randomPin();
  await card.unblock({ puk: options.puk, newPin });
  const again = await card.key();
  expect(again.publicKey.equals(key.publicKey)).toBe(true);
  await again.sign('ECDSA-SHA256', 'data', { pin: newPin });
});

test("'wait' is refused where the TPM's lockout is switched off", async () => {
  const swtpm = await Swtpm.start();
  onTestFinished(() => swtpm.remove());
  await swtpm.tool('tpm2_startup', '-c');
  await swtpm.tool('tpm2_dictionarylockout', '-s', '-n', '3', '-t', '0', '-l', '0');
  const manager = await openManager(await temporaryDirectory(), swtpm.address);
  const error = await expectError(
    manager.create(cardOptions({ antiHammering: 'wait' })),
    'ERR_NOT_SUPPORTED',
  );
  expect(error.message).toMatch(/lockout is switched off.*No card was made/s);
  expect(await manager.list()).toEqual([]);
  await manager.create(cardOptions());
});
