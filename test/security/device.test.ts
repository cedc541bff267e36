import { createHash, randomBytes, verify } from 'node:crypto';
import { expect, onTestFinished, test, vi } from 'vitest';
import { AdminKey } from '../../lib/index.js';
import { Tpm } from '../../lib/tpm/tpm.js';
import { expectError } from '../support/expect-error.js';
import {
  cardOptions,
  openManager,
  otherPin,
  randomPin,
  temporaryDirectory,
} from '../support/store.js';
import { TpmDevice } from '../support/tpm-device.js';

test('a card on a TPM device: what passes to the chip holds no secret', async () => {
  const device = await TpmDevice.start();
  onTestFinished(() => device.remove());
  let authorization = Buffer.alloc(0);
  const createKey = Tpm.prototype.createKey;
  const spy = vi.spyOn(Tpm.prototype, 'createKey').mockImplementation(function (
    this: Tpm,
    algorithm,
    authValue,
  ) {
    authorization = Buffer.from(authValue);
    return createKey.call(this, algorithm, authValue);
  });
  onTestFinished(() => spy.mockRestore());

  const directory = await temporaryDirectory();
  const manager = await openManager(directory, device.address);
  const [pin, newPin, puk] = [randomPin(16), randomPin(16), randomPin(16)];
  const adminKey = AdminKey.random();
  const card = await manager.create(cardOptions({ pin, puk, adminKey }));
  expect(await card.info()).toMatchObject({ tpm: 'hardware' });
  for (const [algorithm, name] of [
    ['EC-P256', 'ECDSA-SHA256'],
    ['RSA-2048', 'RSA-SHA256'],
  ] as const) {
    const key = await card.createKey({ algorithm }, { pin });
    const data = randomBytes(100);
    const signature = await key.sign(name, data, { pin });
    expect(verify('sha256', data, key.publicKey, signature)).toBe(true);
  }
  await expectError(card.verifyPin(otherPin(pin)), 'ERR_PIN_INCORRECT');
  await card.changePin(pin, newPin);
  await expectError(card.verifyPin(pin), 'ERR_PIN_INCORRECT');
  await card.verifyPin(newPin);
  await card.verifyAdminKey(adminKey);
  await manager.destroy(card.instanceId);
  await manager.close();

  const traffic = await device.recording();
  // TPM2_Create, TPM2_Sign and TPM2_Unseal have passed: the recording is of this card's life.
  for (const code of ['00000153', '0000015d', '0000015e']) {
    expect(traffic.includes(Buffer.from(code, 'hex')), code).toBe(true);
  }
  const secrets = {
    pin,
    newPin,
    puk,
    authorization,
    adminKey: adminKey.exportBytes(),
    hashOfPin: createHash('sha256').update(pin).digest(),
  };
  expect(authorization).toHaveLength(32);
  for (const [name, secret] of Object.entries(secrets)) {
    expect(traffic.includes(secret), name).toBe(false);
  }
});
