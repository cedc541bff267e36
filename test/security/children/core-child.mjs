/**
 * Uses a card and stops at each stage for a core to be taken: parent and child speak in lines on
 * standard input and output. The PIN arrives as raw bytes on descriptor 3 and the authorisation
 * value leaves on descriptor 4 straight from the buffer that holds it, so that neither is copied
 * by this program.
 */
import { readSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { AdminKey, VirtualSmartCardManager } from '../../../dist/index.js';
import { Tpm } from '../../../dist/tpm/tpm.js';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function stage(name) {
  process.stdout.write(`${name}\n`);
  await lines.next();
}

const createKey = Tpm.prototype.createKey;
Tpm.prototype.createKey = function (algorithm, authValue) {
  writeSync(4, authValue);
  return createKey.call(this, algorithm, authValue);
};

const pin = Buffer.alloc(12);
readSync(3, pin, 0, pin.length, null);

const manager = await VirtualSmartCardManager.open({
  backend: 'embedded',
  stateDirectory: process.argv[2],
  tpm: 'libtpms',
});
const card = await manager.create({ name: 'Core', pin, adminKey: AdminKey.random() });
await card.verifyPin(pin);
const rsa = await card.createKey({ algorithm: 'RSA-2048' });
const ec = await card.createKey({ algorithm: 'EC-P256' });
await rsa.sign('RSA-SHA256', 'data');
await ec.sign('ECDSA-SHA256', 'data');
await stage('open');
await card.logout();
await rsa.sign('RSA-SHA256', 'data', { pin });
pin.fill(0);
await stage('locked');
await manager.close();
await stage('closed');
