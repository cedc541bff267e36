import { expect, test } from 'vitest';
import { bytes, hex } from '../support/applet-card.js';
import { count } from '../support/counts.js';
import { SeededRandom } from '../support/random.js';
import { campaign, type Kind } from './campaign.js';
import { cardSecrets, isOutsider } from './card-secrets.js';
import { clientOf } from './client-of.js';
import { corpus } from './corpus.js';
import { MemoryTarget } from './memory-target.js';
import { RECORDED } from './recorded-secrets.js';
import { fuzzSeed, replayedCard } from './settings.js';

const APDUS = count(100_000, 5_000_000);
/** What the process may have grown by; the cards before have left nothing. */
const MOST_GROWTH = 256 * 1024 * 1024;

/** Cards of all kinds in turn, over a vault in software. */
const cards: Kind = {
  isOutsider,
  make: async (number) => {
    const kind = { blank: number % 8 === 1, allowKeyImport: number % 5 !== 2 };
    const target = new MemoryTarget(cardSecrets(number), kind);
    if (!kind.blank) await makeKeys(target);
    return target;
  },
};

/** Each card has keys, which an outsider must not use: RSA 81, P-256 82. */
async function makeKeys(target: MemoryTarget): Promise<void> {
  const connection = clientOf(await target.connect());
  const pin = { pin: target.secrets.pin };
  const rsa = { name: 'one', algorithm: 'RSA-1024', keySpec: 'keyExchange' } as const;
  const ec = { name: 'other', algorithm: 'EC-P256', keySpec: 'signature' } as const;
  for (const key of [rsa, ec]) await connection.createContainer(key, pin);
  await connection.close();
}

test(`${APDUS} APDUs: each gets a proper answer, and no key is used without its PIN`, async () => {
  const seed = fuzzSeed(APDUS > 100_000);
  console.log(`VSC_FUZZ_SEED=${seed}`);
  const recorded = await corpus();
  const replay = replayedCard();
  const before = process.memoryUsage().rss;
  const result = await campaign(cards, { seed, apdus: APDUS, corpus: recorded, replay });
  console.log(JSON.stringify(result));
  expect(result.apdus).toBeGreaterThan(0);
  if (replay !== undefined) return;
  expect(result.apdus).toBeGreaterThanOrEqual(APDUS);
  // It got behind the first checks: everything was reached that a card does for who is let in.
  for (const [what, times] of Object.entries(result)) {
    expect([what, times > 10]).toEqual([what, true]);
  }
  expect(process.memoryUsage().rss - before).toBeLessThan(MOST_GROWTH);
});

test('a command of any length is answered', async () => {
  const random = new SeededRandom(0xbeef);
  const channel = await new MemoryTarget(RECORDED).connect();
  for (let length = 0; length < 600; length++) {
    const response = await channel.transmit(random.bytes(length));
    expect(hex(response)).toMatch(/^6[1-9A-E]..$/);
  }
  for (const length of [65535, 65536, 65544, 65545, 200_000]) {
    const command = Buffer.alloc(length, 0xd5);
    bytes('00DBA01000FFFF').copy(command);
    expect(hex(await channel.transmit(command))).toMatch(/^(6700|6A80)$/);
  }
});
