import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { expectError } from '../support/expect-error.js';
import { cardOptions, openManager, otherPin, temporaryDirectory } from '../support/store.js';
import { Swtpm } from '../support/swtpm.js';

/** Lockout figures short enough to wait for: three failures, one forgotten after two seconds. */
const SHORT = ['-s', '-n', '3', '-t', '2', '-l', '2'];

async function startTpm(): Promise<Swtpm> {
  const swtpm = await Swtpm.start();
  onTestFinished(() => swtpm.remove());
  await swtpm.tool('tpm2_startup', '-c');
  await swtpm.tool('tpm2_dictionarylockout', ...SHORT);
  return swtpm;
}

test("'wait': wrong PINs lead to the TPM's lockout, and waiting as long as told ends it", async () => {
  const swtpm = await startTpm();
  const manager = await openManager(await temporaryDirectory(), swtpm.address);
  const { pin, ...rest } = cardOptions({ antiHammering: 'wait' });
  const card = await manager.create({ pin, ...rest });
  const key = await card.createKey({ algorithm: 'EC-P256' }, { pin });
  expect(await card.pinTries()).toEqual({ left: 3, max: 3 });
  let tries = 3;
  while (tries > 0) {
    const error = await expectError(card.verifyPin(otherPin(pin)), 'ERR_PIN_INCORRECT');
    expect(error.triesLeft).toBe(--tries);
  }
  const locked = await expectError(card.verifyPin(pin), 'ERR_TPM_LOCKED_OUT');
  expect(locked.retryAfterMs).toBeGreaterThan(0);
  expect(locked.retryAfterMs).toBeLessThanOrEqual(2000);
  await expectError(key.sign('ECDSA-SHA256', 'data', { pin }), 'ERR_TPM_LOCKED_OUT');
  expect(await manager.tpmStatus()).toMatchObject({ inLockout: true, lockoutCounter: 3 });
  await delay((locked.retryAfterMs ?? 0) + 100);
  await card.verifyPin(pin);
  await key.sign('ECDSA-SHA256', 'data');
});

test("'wait': the lockout authorisation opens the card at once", async () => {
  const swtpm = await startTpm();
  await swtpm.tool('tpm2_dictionarylockout', '-s', '-n', '3', '-t', '1000', '-l', '1000');
  await swtpm.tool('tpm2_changeauth', '-c', 'l', 'lockout secret');
  const manager = await openManager(await temporaryDirectory(), swtpm.address);
  const { pin, ...rest } = cardOptions({ antiHammering: 'wait' });
  const card = await manager.create({ pin, ...rest });
  for (let number = 0; number < 3; number++) {
    await expectError(card.verifyPin(otherPin(pin)), 'ERR_PIN_INCORRECT');
  }
  await expectError(card.verifyPin(pin), 'ERR_TPM_LOCKED_OUT');
  await manager.resetTpmLockout({ lockoutAuthorization: 'lockout secret' });
  expect(await manager.tpmStatus()).toMatchObject({ inLockout: false, lockoutCounter: 0 });
  await card.verifyPin(pin);
  // A wrong value bans even the right one for the recovery time.
  const wrong = manager.resetTpmLockout({ lockoutAuthorization: 'something else' });
  await expectError(wrong, 'ERR_TPM_LOCKOUT_AUTHORIZATION');
  const banned = manager.resetTpmLockout({ lockoutAuthorization: 'lockout secret' });
  await expectError(banned, 'ERR_TPM_LOCKOUT_AUTHORIZATION');
});

test("'wait' survives a restart: the TPM counts, not the process", async () => {
  const swtpm = await startTpm();
  await swtpm.tool('tpm2_dictionarylockout', '-s', '-n', '3', '-t', '1000', '-l', '1000');
  const directory = await temporaryDirectory();
  const first = await openManager(directory, swtpm.address);
  const { pin, ...rest } = cardOptions({ antiHammering: 'wait' });
  const card = await first.create({ pin, ...rest });
  await expectError(card.verifyPin(otherPin(pin)), 'ERR_PIN_INCORRECT');
  await expectError(card.verifyPin(otherPin(pin)), 'ERR_PIN_INCORRECT');
  await first.close();
  const second = await openManager(directory, swtpm.address);
  const again = await second.card();
  expect(await again.pinTries()).toEqual({ left: 1, max: 3 });
  await expectError(again.verifyPin(otherPin(pin)), 'ERR_PIN_INCORRECT');
  await expectError(again.verifyPin(pin), 'ERR_TPM_LOCKED_OUT');
});

test("'block': a lockout of the TPM stops the card too, without costing it a try", async () => {
  const swtpm = await startTpm();
  await swtpm.tool('tpm2_dictionarylockout', '-s', '-n', '1', '-t', '1000', '-l', '1000');
  const manager = await openManager(await temporaryDirectory(), swtpm.address);
  const waiting = cardOptions({ antiHammering: 'wait' });
  const blocking = cardOptions();
  const one = await manager.create(waiting);
  const other = await manager.create(blocking);
  await expectError(one.verifyPin(otherPin(waiting.pin)), 'ERR_PIN_INCORRECT');
  const error = await expectError(other.verifyPin(blocking.pin), 'ERR_TPM_LOCKED_OUT');
  expect(error.retryAfterMs).toBeGreaterThan(0);
  expect(await other.pinTries()).toEqual({ left: 5, max: 5 });
  await manager.resetTpmLockout({ lockoutAuthorization: '' });
  await other.verifyPin(blocking.pin);
});

test("a new software TPM has Windows' figures", async () => {
  const manager = await openManager(await temporaryDirectory());
  expect(await manager.tpmStatus()).toMatchObject({
    kind: 'software',
    address: 'libtpms',
    maxAuthFail: 32,
    lockoutIntervalMs: 600_000,
    lockoutRecoveryMs: 86_400_000,
    lockoutCounter: 0,
    inLockout: false,
    retryAfterMs: 0,
  });
});
