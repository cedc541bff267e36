import { createHash, randomBytes, randomUUID, verify } from 'node:crypto';
import { AdminKey } from '../../dist/index.js';
import { measurePairs, timed } from '../pairs.mjs';

const CONTAINER = 'bench';

/**
 * signDigest() with `pin` against the storage provider's calls for it, with the same key: provider and
 * key opened, PIN given, signed, PIN dropped, both freed.
 */
export async function benchSign(manager, program, { pairs }) {
  const pin = randomUUID();
  const card = await manager.create({ name: 'Bench', pin, adminKey: AdminKey.random() });
  try {
    const key = await card.createKey({ container: CONTAINER, algorithm: 'RSA-2048' }, { pin });
    const { readerName } = await card.info();
    const data = randomBytes(32);
    const digest = createHash('sha256').update(data).digest();
    const check = (signature) => {
      if (!verify('sha256', data, key.publicKey, signature)) throw new Error('a wrong signature');
    };
    const ours = async () => {
      let signature;
      const elapsed = await timed(async () => {
        signature = await key.signDigest('RSA-SHA256', digest, { pin });
      });
      check(signature);
      return elapsed;
    };
    const plain = async () => {
      const words = [readerName, CONTAINER, pin, digest.toString('hex')];
      const { elapsed, value } = await program.run('sign', ...words);
      check(Buffer.from(value, 'hex'));
      return elapsed;
    };
    await ours();
    await plain();
    return await measurePairs(pairs, ours, plain);
  } finally {
    await manager.destroy(card.instanceId);
  }
}
