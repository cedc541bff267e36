import { expect, test } from 'vitest';
import { count } from '../support/counts.js';
import { openManager, temporaryDirectory } from '../support/store.js';
import { campaign } from './campaign.js';
import { cardSecrets, isOutsider } from './card-secrets.js';
import { corpus } from './corpus.js';
import { fuzzSeed, replayedCard } from './settings.js';
import { TpmTarget } from './tpm-target.js';

const APDUS = count(10_000, 300_000);

test(`${APDUS} APDUs to cards of a TPM`, async () => {
  const seed = fuzzSeed(APDUS > 10_000);
  console.log(`VSC_FUZZ_SEED=${seed}`);
  const directory = await temporaryDirectory();
  const manager = await openManager(directory);
  const cards = {
    isOutsider,
    make: (number: number) => TpmTarget.create(manager, directory, cardSecrets(number)),
    drop: async (target: TpmTarget) => {
      await target.close();
      await manager.destroy(target.instanceId);
    },
  };
  const recorded = await corpus();
  const replay = replayedCard();
  const result = await campaign(cards, { seed, apdus: APDUS, corpus: recorded, replay });
  console.log(JSON.stringify(result));
  expect(result.apdus).toBeGreaterThan(0);
  if (replay !== undefined) return;
  expect(result.apdus).toBeGreaterThanOrEqual(APDUS);
  expect(result.keyUses).toBeGreaterThan(10);
  expect(await manager.list()).toEqual([]);
});
