import { createCipheriv, randomUUID } from 'node:crypto';
import { AdminKey } from '../../dist/index.js';
import { loadWindowsAddon } from '../../dist/native-windows.js';
import { measurePairs, timed } from '../pairs.mjs';

/** create() against the same calls: devices listed, the manager's create, the reader found, connected. */
export async function benchCreate(manager, program, { pairs }) {
  const ours = async () => {
    let card;
    const options = { name: 'Bench', pin: randomUUID(), adminKey: AdminKey.random() };
    const elapsed = await timed(async () => {
      card = await manager.create(options);
    });
    await manager.destroy(card.instanceId);
    return elapsed;
  };
  return comparePlain('create-and-open', ours, { manager, program, pairs });
}

/** The addon's part of it alone, which ends with the instance id, against the manager's create. */
export async function benchManagerCall(manager, program, { pairs }) {
  const addon = loadWindowsAddon();
  const ours = async () => {
    const adminKey = AdminKey.random().exportHex();
    const card = {
      ...{ machine: undefined, allowElevationPrompt: false, tellsStatus: false, interface: 1 },
      ...{ name: 'Bench', pin: Buffer.from(randomUUID()), puk: undefined, pinPolicy: undefined },
      ...{ adminKey: Buffer.from(adminKey, 'hex'), adminKcv: keyCheckValue(adminKey) },
      ...{ attestation: 0, generate: true },
    };
    let made;
    const elapsed = await timed(async () => {
      made = await addon.createCard(card, () => undefined).result;
    });
    await manager.destroy(made.instanceId);
    return elapsed;
  };
  return comparePlain('create', ours, { manager, program, pairs });
}

async function comparePlain(command, ours, { manager, program, pairs }) {
  const plain = async () => {
    const adminKey = AdminKey.random().exportHex();
    const kcv = keyCheckValue(adminKey).toString('hex');
    const { elapsed, value } = await program.run(command, 'Bench', randomUUID(), adminKey, kcv);
    await manager.destroy(value);
    return elapsed;
  };
  await ours();
  await plain();
  return measurePairs(pairs, ours, plain);
}

/** destroy() against the same with the manager's destroy call. */
export async function benchDestroy(manager, program, { pairs }) {
  const make = () =>
    manager.create({ name: 'Bench', pin: randomUUID(), adminKey: AdminKey.random() });
  const ours = async () => {
    const { instanceId } = await make();
    return timed(() => manager.destroy(instanceId));
  };
  const plain = async () => {
    const { instanceId } = await make();
    return (await program.run('destroy', instanceId)).elapsed;
  };
  await ours();
  await plain();
  return measurePairs(pairs, ours, plain);
}

/** [MS-TPMVSC]'s: the first three bytes of eight zeros under the key. */
function keyCheckValue(adminKey) {
  const key = Buffer.from(adminKey, 'hex');
  const cipher = createCipheriv('des-ede3', key, null).setAutoPadding(false);
  return cipher.update(Buffer.alloc(8)).subarray(0, 3);
}
