import { randomInt } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { VirtualSmartCardManager } from '../../lib/index.js';
import { count } from '../support/counts.js';
import {
  type ChildReport,
  type CrashJob,
  describe,
  killAfter,
  runOperation,
} from '../support/crash-child.js';
import { type Outcome, type Scenario, scenarios } from '../support/crash-scenarios.js';
import { killAtStep, recordSteps, type Side, type Step } from '../support/crash-steps.js';
import {
  expectAllIndexesRecorded,
  expectKeysWork,
  expectNoPileOfKeys,
  expectNothingLeftOver,
  type KnownCard,
  makeKnownCard,
  withManager,
} from '../support/crash-store.js';
import { temporaryDirectory } from '../support/store.js';
import { Swtpm } from '../support/swtpm.js';

/** Half of them right before a step that writes, half after a random time. */
const KILLS = count(10, 200);
const SWTPM_KILLS = count(4, 200);

/**
 * One store takes all kills of an operation, so that what one leaves behind meets the next. Beside
 * the card that is worked on, another card must not notice anything.
 *
 * An unclean end after the use of a PIN counts as a failure in the TPM's own lockout ("TPM 2.0
 * Library, Part 1", 19.8.3): 32 kills within ten minutes would lock it. No owner of a card has 32
 * crashes in ten minutes; here the lockout is reset after each, by the lockout's authorisation.
 */
class KilledStore {
  readonly #root: string;
  readonly #tpm: string;
  readonly #scenario: Scenario;
  #bystander: KnownCard | undefined;

  constructor(root: string, tpm: string, scenario: Scenario) {
    this.#root = root;
    this.#tpm = tpm;
    this.#scenario = scenario;
  }

  /** A job for a child on a store that is ready for it. */
  async prepare(): Promise<CrashJob> {
    return this.#open(async (manager) => {
      this.#bystander ??= await makeKnownCard(manager);
      const task = await this.#scenario.prepare(manager);
      await manager.resetTpmLockout({ lockoutAuthorization: new Uint8Array(0) });
      return { stateDirectory: this.#root, tpm: this.#tpm, ...task };
    });
  }

  /** Expects everything to be as it should after a kill. */
  async examine({ events }: ChildReport): Promise<Outcome> {
    if (this.#tpm !== 'libtpms') await expectAllIndexesRecorded(this.#root, this.#tpm);
    return this.#open(async (manager) => {
      await expectNothingLeftOver(this.#root);
      const infos = await manager.list();
      expect(infos.map(({ state }) => state)).toEqual(infos.map(() => 'ready'));
      if (this.#bystander) {
        const card = await manager.card(this.#bystander.instanceId);
        expect(await card.pinTries()).toEqual({ left: 5, max: 5 });
        await expectKeysWork(card, this.#bystander);
      }
      const outcome = await this.#scenario.settle(manager, events);
      // What the child was told to be done, is done.
      const isConfirmed = events.some(({ event }) => event === 'done' || event === 'rejected');
      if (isConfirmed) expect(outcome).toBe('new');
      await expectNothingLeftOver(this.#root);
      await expectNoPileOfKeys(this.#root);
      return outcome;
    });
  }

  #open<T>(use: (manager: VirtualSmartCardManager) => Promise<T>): Promise<T> {
    return withManager(this.#root, use, this.#tpm);
  }
}

test.each(Object.keys(scenarios))(`%s, killed ${KILLS} times`, async (name) => {
  await killAgainAndAgain(name, { tpm: 'libtpms', sides: ['cards', 'tpm'], kills: KILLS });
});

test(`the first opening of a store, killed ${KILLS} times`, async () => {
  const freshJob = async (): Promise<CrashJob> => {
    return { stateDirectory: await temporaryDirectory(), tpm: 'libtpms', operation: 'open' };
  };
  const steps: Step[] = [];
  for (const side of ['store', 'tpm'] as const) {
    steps.push(...(await recordSteps(await freshJob(), side)).steps);
  }
  const { milliseconds } = await runOperation(await freshJob());
  let stepsToCome = shuffled(steps);
  for (let kill = 0; kill < KILLS; kill++) {
    if (stepsToCome.length === 0) stepsToCome = shuffled(steps);
    const job = await freshJob();
    const step = kill % 2 === 0 ? stepsToCome.pop() : undefined;
    const report = await (step
      ? killAtStep(job, step)
      : killAfter(job, Math.random() * milliseconds));
    const story = `killed ${step ? `before ${step.text}` : 'at random'}\n${describe(report)}`;
    await withManager(job.stateDirectory, async (manager) => {
      expect(await manager.list(), story).toEqual([]);
      expect(await manager.tpmStatus(), story).toMatchObject({ maxAuthFail: 32 });
      await expectNothingLeftOver(job.stateDirectory);
      const known = await makeKnownCard(manager);
      await expectKeysWork(await manager.card(known.instanceId), known);
    });
    await rm(job.stateDirectory, { recursive: true });
  }
  console.log(`first opening: ${KILLS} kills, half before one of ${steps.length} steps`);
});

/** Those that make or remove indices: a TPM that lives on keeps whatever a kill left in it. */
const ON_SWTPM = ['create', 'change PIN', 'destroy'];

test.each(ON_SWTPM)(`%s on a swtpm, killed ${SWTPM_KILLS} times`, async (name) => {
  const swtpm = await Swtpm.start();
  onTestFinished(() => swtpm.remove());
  const tpm = swtpm.address;
  await killAgainAndAgain(name, { tpm, sides: ['cards', 'socket'], kills: SWTPM_KILLS });
});

async function killAgainAndAgain(
  name: string,
  { tpm, sides, kills }: { tpm: string; sides: Side[]; kills: number },
): Promise<void> {
  const makeScenario = scenarios[name];
  if (!makeScenario) throw new Error(`there is no scenario ${name}`);
  const store = new KilledStore(await temporaryDirectory(), tpm, makeScenario());
  const steps: Step[] = [];
  for (const side of sides) {
    const recorded = await recordSteps(await store.prepare(), side);
    await store.examine(recorded.report);
    steps.push(...recorded.steps);
  }
  const { milliseconds, report } = await runOperation(await store.prepare());
  await store.examine(report);

  const counts = { old: 0, new: 0, step: 0, time: 0 };
  let stepsToCome = shuffled(steps);
  while (counts.step + counts.time < kills) {
    if (stepsToCome.length === 0) stepsToCome = shuffled(steps);
    const step = counts.step <= counts.time ? stepsToCome.pop() : undefined;
    const outcome = await killOnce(store, step ?? Math.random() * milliseconds * 1.1);
    if (!outcome) continue;
    counts[step ? 'step' : 'time']++;
    counts[outcome]++;
  }
  console.log(
    `${name} on ${tpm}: ${kills} kills, ${counts.step} before one of ${steps.length} steps, ` +
      `${counts.time} within ${milliseconds.toFixed(0)} ms; ` +
      `the old state ${counts.old} times, the new one ${counts.new} times`,
  );
  // Every step was tried: the first leaves the old state, the last the new one.
  if (counts.step >= steps.length) {
    expect(counts.old).toBeGreaterThan(0);
    expect(counts.new).toBeGreaterThan(0);
  }
}

/** @returns undefined when the kill came before the operation, and does not count */
async function killOnce(store: KilledStore, where: Step | number): Promise<Outcome | undefined> {
  const job = await store.prepare();
  const isTime = typeof where === 'number';
  const report = await (isTime ? killAfter(job, where) : killAtStep(job, where));
  const place = isTime ? `after ${where.toFixed(2)} ms` : `before ${where.text}`;
  const story = `killed ${place}\n${describe(report)}`;
  expect(report.killed, story).toBe(true);
  expect(
    report.events.map(({ event }) => event),
    story,
  ).not.toContain('failed');
  const outcome = await store.examine(report).catch((error: unknown) => {
    const reason = error instanceof Error ? error.stack : String(error);
    throw new Error(`${story}\n${reason}`, { cause: error });
  });
  return report.events.some(({ event }) => event === 'begin') ? outcome : undefined;
}

function shuffled(steps: readonly Step[]): Step[] {
  const order = [...steps];
  for (let end = order.length - 1; end > 0; end--) {
    const other = randomInt(end + 1);
    const [a, b] = [order[end], order[other]];
    if (a && b) [order[end], order[other]] = [b, a];
  }
  return order;
}
