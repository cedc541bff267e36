/**
 * Uses every secret of a card whose TPM is another process, and stops at each stage for a core to be
 * taken. The secrets arrive as raw bytes on descriptor 3 (PIN, new PIN, PUK, admin key); what the
 * library makes itself leaves on descriptor 4, each after a letter that says what it is. Nothing is
 * copied by this program.
 */
import { readSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import {
  AdminKey,
  CardCrypto,
  signCms,
  signJws,
  VirtualSmartCardManager,
} from '../../../dist/index.js';
import { Tpm } from '../../../dist/tpm/tpm.js';

const [stateDirectory, tpm] = process.argv.slice(2);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function stage(name) {
  process.stdout.write(`${name}\n`);
  await lines.next();
}

function tell(letter, value) {
  writeSync(4, letter);
  writeSync(4, value);
}

const { createKey, seal, nvWrite } = Tpm.prototype;
Tpm.prototype.createKey = function (algorithm, authValue) {
  tell('A', authValue);
  return createKey.call(this, algorithm, authValue);
};
Tpm.prototype.seal = function (request) {
  if (request.authValue) tell('P', request.authValue);
  return seal.call(this, request);
};
Tpm.prototype.nvWrite = function (index, data) {
  tell('F', data);
  return nvWrite.call(this, index, data);
};

// Outside of the JavaScript heap, so that wiping them leaves nothing.
const secrets = Buffer.from(new ArrayBuffer(3 * 12 + 24));
readSync(3, secrets, 0, secrets.length, null);
const pin = secrets.subarray(0, 12);
const newPin = secrets.subarray(12, 24);
const puk = secrets.subarray(24, 36);
const adminKey = AdminKey.fromBytes(secrets.subarray(36));

const manager = await VirtualSmartCardManager.open({ backend: 'embedded', stateDirectory, tpm });
const card = await manager.create({ name: 'Core', pin, puk, adminKey });
const key = await card.createKey({ algorithm: 'EC-P256' }, { pin });
await useInOtherForms();
await card.changePin(pin, newPin);
await card.unblock({ puk, newPin: pin });
await card.verifyAdminKey(adminKey);
await card.verifyPin(pin);
await key.sign('ECDSA-SHA256', 'data');
await key.sign('ECDSA-SHA256', 'data', { pin });
await stage('open');
await card.logout();
await card.verifyPin(newPin).catch(() => undefined);
adminKey.dispose();
secrets.fill(0);
await stage('locked');
await manager.close();
await stage('closed');

/** What keeps the PIN, or a copy of it, for longer than one signature. */
async function useInOtherForms() {
  const crypto = CardCrypto.create({ pin });
  const { privateKey } = await crypto.keyPair(key);
  await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, new Uint8Array(9));
  crypto.dispose();
  const inf = '[NewRequest]\nSubject = "CN=A"\nKeyAlgorithm = ECDSA_P256\nRequestType = Cert\n';
  const certificate = await card.enroll(inf, { pin });
  await signJws(certificate, 'data', { pin });
  await signCms(certificate, 'data', { pin });
}
