/**
 * Brings a PFX to a card whose TPM is another process, then waits for a core to be taken. PIN and
 * password arrive as raw bytes on descriptor 3: 12, and the rest.
 */

import { once } from 'node:events';
import { readFileSync, readSync } from 'node:fs';
import { AdminKey, VirtualSmartCardManager } from '../../../dist/index.js';

const [stateDirectory, tpm, path] = process.argv.slice(2);
const secrets = Buffer.from(new ArrayBuffer(12 + 24));
readSync(3, secrets, 0, secrets.length, null);
const pin = secrets.subarray(0, 12);
const password = secrets.subarray(12);

const manager = await VirtualSmartCardManager.open({ backend: 'embedded', stateDirectory, tpm });
const adminKey = AdminKey.random();
const card = await manager.create({ name: 'PFX', pin, adminKey, allowKeyImport: true });
const certificate = await card.importPfx(readFileSync(path), { password, pin });
secrets.fill(0);
process.stdout.write(`${certificate.x509.subject}\n`);
await once(process.stdin, 'data');
await manager.close();
process.exit();
