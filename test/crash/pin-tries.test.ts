import { expect, test } from 'vitest';
import { CardFile } from '../../lib/backend/embedded/card-file.js';
import { StateDirectory } from '../../lib/backend/embedded/state-directory.js';
import { CrashChild, type CrashJob, describe, killAfter } from '../support/crash-child.js';
import { killAtStep, recordSteps } from '../support/crash-steps.js';
import {
  expectKeysWork,
  expectNothingLeftOver,
  type KnownCard,
  makeKnownCard,
  withManager,
} from '../support/crash-store.js';
import { expectError } from '../support/expect-error.js';
import { otherPin, temporaryDirectory } from '../support/store.js';

/** A store with one card, and the job of giving it one wrong PIN. */
async function storeWithCard(): Promise<{ root: string; known: KnownCard; job: CrashJob }> {
  const root = await temporaryDirectory();
  const known = await withManager(root, (manager) => makeKnownCard(manager));
  const pin = otherPin(known.pin).toString('hex');
  const { instanceId } = known;
  return {
    root,
    known,
    job: { stateDirectory: root, tpm: 'libtpms', operation: 'verifyPin', instanceId, pin },
  };
}

async function failFourTimes(root: string, known: KnownCard): Promise<void> {
  await withManager(root, async (manager) => {
    const card = await manager.card(known.instanceId);
    for (let left = 4; left > 0; left--) {
      await expectError(card.verifyPin(otherPin(known.pin)), 'ERR_PIN_INCORRECT');
    }
  });
}

/** Tries left, as a process finds them that opens the store anew. */
async function triesLeft(root: string, known: KnownCard): Promise<number> {
  return withManager(root, async (manager) => {
    await manager.resetTpmLockout({ lockoutAuthorization: new Uint8Array(0) });
    const { left } = await (await manager.card(known.instanceId)).pinTries();
    const [info] = await manager.list();
    expect(info?.pinTriesLeft).toBe(left);
    return left;
  });
}

/**
 * Blocked, and so again after the next start; the admin key then opens it, its key unharmed. What
 * the PIN opened is gone, and its index with it: whoever defines that anew has gained nothing.
 */
async function expectBlocked(root: string, known: KnownCard): Promise<void> {
  for (let start = 0; start < 2; start++) {
    await withManager(root, async (manager) => {
      const { header } = await CardFile.read(new StateDirectory(root).card(0));
      expect(header.nvIndexes).toEqual([header.fileSecretIndex]);
      const card = await manager.card(known.instanceId);
      expect(await card.pinTries()).toEqual({ left: 0, max: 5 });
      await expectError(card.verifyPin(known.pin), 'ERR_PIN_BLOCKED');
      await expectError(card.changePin(known.pin, otherPin(known.pin)), 'ERR_PIN_BLOCKED');
      await expectNothingLeftOver(root);
    });
  }
  await withManager(root, async (manager) => {
    const card = await manager.card(known.instanceId);
    await card.unblock({ adminKey: known.adminKey, newPin: known.pin });
    await expectKeysWork(card, known);
  });
}

test('five wrong PINs block, each process killed as soon as it had its answer', async () => {
  const { root, known, job } = await storeWithCard();
  for (let left = 4; left >= 0; left--) {
    const child = new CrashChild(job);
    const answer = await child.next('rejected', 'done', 'failed');
    const report = await child.kill();
    expect(answer, describe(report)).toMatchObject({ code: 'ERR_PIN_INCORRECT', triesLeft: left });
    expect(report.killed).toBe(true);
    expect(await triesLeft(root, known)).toBe(left);
  }
  await expectBlocked(root, known);
});

test('killed at any step of a wrong PIN, the tries go down or stay, and never up', async () => {
  const { root, known, job } = await storeWithCard();
  // The first two wrong PINs are for the recording.
  const cards = await recordSteps(job, 'cards');
  const tpm = await recordSteps(job, 'tpm');
  expect(cards.steps).toEqual([]);
  expect(tpm.steps.length).toBeGreaterThan(3);
  let left = await triesLeft(root, known);
  expect(left).toBe(3);
  for (let round = 0; left > 0; round++) {
    expect(round, 'some of the kills come after the try was counted').toBeLessThan(100);
    const step = tpm.steps[round];
    const report = await (step ? killAtStep(job, step) : killAfter(job, Math.random() * 20));
    const story = `killed ${step ? `before ${step.text}` : 'at random'}\n${describe(report)}`;
    expect(report.killed, story).toBe(true);
    const isAnswered = report.events.some(({ event }) => event === 'rejected');
    const now = await triesLeft(root, known);
    expect(isAnswered ? [left - 1] : [left, left - 1], story).toContain(now);
    left = now;
  }
  await expectBlocked(root, known);
});

test('killed between the fifth wrong PIN and the end of what it guards, the next start ends it', async () => {
  const { root, known, job } = await storeWithCard();
  await failFourTimes(root, known);
  const { steps } = await recordSteps(job, 'cards');
  await withManager(root, async (manager) => {
    const card = await manager.card(known.instanceId);
    await card.unblock({ adminKey: known.adminKey, newPin: known.pin });
  });
  await failFourTimes(root, known);
  const [first] = steps;
  if (!first) throw new Error('the block wrote nothing');
  const report = await killAtStep(job, first);
  expect(report.events.map(({ event }) => event)).toEqual(['begin']);
  // The card's file still has what the PIN opens.
  const { header } = await CardFile.read(new StateDirectory(root).card(0));
  expect(header.nvIndexes).toHaveLength(2);
  expect(await triesLeft(root, known)).toBe(0);
  await expectBlocked(root, known);
});

test('a right PIN whose process is killed gives all tries back, or leaves them as they were', async () => {
  const { root, known, job } = await storeWithCard();
  await failFourTimes(root, known);
  const right = { ...job, pin: known.pin.toString('hex') };
  const child = new CrashChild(right);
  await child.next('begin', 'failed');
  await child.kill();
  expect([1, 5]).toContain(await triesLeft(root, known));
  const second = new CrashChild(right);
  expect(await second.next('done', 'rejected', 'failed')).toMatchObject({ event: 'done' });
  await second.kill();
  expect(await triesLeft(root, known)).toBe(5);
});
