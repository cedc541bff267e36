import { createCipheriv, randomUUID } from 'node:crypto';
import { AdminKey } from '../../dist/index.js';
import { measurePairs, timed } from '../pairs.mjs';

/** create() against the manager's activation, its create call and its release. */
export async function benchCreate(manager, program, { pairs }) {
  const ours = async () => {
    const options = { name: 'Bench', pin: randomUUID(), adminKey: AdminKey.random() };
    let card;
    const elapsed = await timed(async () => {
      card = await manager.create(options);
    });
    await manager.destroy(card.instanceId);
    return elapsed;
  };
  const plain = async () => {
    const adminKey = AdminKey.random().exportHex();
    const words = ['Bench', randomUUID(), adminKey, keyCheckValue(adminKey)];
    const { elapsed, value } = await program.run('create', ...words);
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
  return cipher.update(Buffer.alloc(8)).subarray(0, 3).toString('hex');
}
