// Repeats one cycle of work with cards of Windows and stops now and then to be measured: prints
// `{ "cycle": … }` and goes on when a line comes back.
//   node --expose-gc cycles.mjs '{ "kind": "card", "cycles": 1000, "every": 20 }'
import assert from 'node:assert/strict';
import { randomBytes, verify } from 'node:crypto';
import { openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { AdminKey, VirtualSmartCardManager } from '../../../../dist/index.js';

const { kind, cycles, every } = JSON.parse(process.argv[2]);
const pin = Buffer.from('12345678');
const answers = createInterface(process.stdin)[Symbol.asyncIterator]();

const manager = await VirtualSmartCardManager.open({ backend: 'windows' });

function newCard() {
  return manager.create({ name: 'Soak', pin, adminKey: AdminKey.random() });
}

const CYCLES = {
  /** A card made and destroyed. Its number shows that the one before it is gone. */
  async card() {
    return async () => {
      const { instanceId } = await newCard();
      assert.equal(instanceId, 'ROOT\\SMARTCARDREADER\\0000');
      await manager.destroy(instanceId);
    };
  },
  /** Keeps a file open each time, to show that the measurement sees it. */
  async leak() {
    return () => openSync(process.execPath);
  },
  /** A signature, checked. */
  async sign() {
    const card = await newCard();
    const key = await card.createKey({ container: 'Soak', algorithm: 'EC-P256' }, { pin });
    return async () => {
      const data = randomBytes(64);
      const signature = await key.sign('ECDSA-SHA256', data, { pin });
      assert(verify('sha256', data, key.publicKey, signature));
    };
  },
};

const cycle = await CYCLES[kind]();
for (let done = 0; done <= cycles; done++) {
  if (done % every === 0) {
    globalThis.gc();
    console.log(JSON.stringify({ cycle: done }));
    await answers.next();
  }
  if (done < cycles) await cycle();
}
await manager.close();
process.stdin.destroy();
