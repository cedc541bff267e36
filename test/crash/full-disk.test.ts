import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { count } from '../support/counts.js';
import { type ChildReport, CrashChild, type CrashJob, describe } from '../support/crash-child.js';
import { type Outcome, type Scenario, scenarios } from '../support/crash-scenarios.js';
import { fullDiskFrom, recordSteps, type Step } from '../support/crash-steps.js';
import {
  expectKeysWork,
  expectNothingLeftOver,
  makeKnownCard,
  withManager,
} from '../support/crash-store.js';
import { temporaryDirectory } from '../support/store.js';

/** In the short share a disk fills up at every n-th step only. */
const EVERY = count(8, 1);

/**
 * Operations, and what they may leave when they were refused. A deletion is several changes: one
 * that has begun may end as done, for what had to go is gone.
 */
const OPERATIONS: [name: string, refused: Outcome[]][] = [
  ['create', ['old']],
  ['enroll', ['old']],
  ['change PIN', ['old']],
  ['delete key', ['old', 'new']],
  ['destroy', ['old', 'new']],
];

/** What needs room on a disk; a removal does not. */
function needsRoom({ call, text }: Step): boolean {
  if (call === 'openat') return text.includes('O_CREAT');
  return !call.startsWith('unlink');
}

/**
 * The directory's fsync after a card's file was replaced. When that fails the new content is in
 * force, and only a power cut could tell. Nothing but the making of a card is taken back then.
 */
function isLastOfReplacement(step: Step, filling: readonly Step[]): boolean {
  const before = filling[filling.indexOf(step) - 1];
  return step.side === 'cards' && before?.call.startsWith('rename') === true;
}

/** A store that takes an operation again and again. */
class FilledStore {
  readonly #root: string;
  readonly #scenario: Scenario;

  constructor(root: string, scenario: Scenario) {
    this.#root = root;
    this.#scenario = scenario;
  }

  async prepare(): Promise<CrashJob> {
    return withManager(this.#root, async (manager) => {
      const task = await this.#scenario.prepare(manager);
      await manager.resetTpmLockout({ lockoutAuthorization: new Uint8Array(0) });
      return { stateDirectory: this.#root, tpm: 'libtpms', closes: true, ...task };
    });
  }

  /** With room again: the outcome is what the caller was told, and nothing is half made. */
  async examine({ events }: ChildReport, refused: Outcome[]): Promise<void> {
    await withManager(this.#root, async (manager) => {
      await expectNothingLeftOver(this.#root);
      const outcome = await this.#scenario.settle(manager, events);
      const isDone = events.some(({ event }) => event === 'done');
      expect(isDone ? ['new'] : refused).toContain(outcome);
      await expectNothingLeftOver(this.#root);
    });
  }
}

test.each(OPERATIONS)('%s on a disk that is full from any step on', async (name, refused) => {
  const store = new FilledStore(await temporaryDirectory(), makeScenario(name));
  let failed = 0;
  for (const side of ['cards', 'tpm'] as const) {
    const { steps, report } = await recordSteps(await store.prepare(), side);
    await store.examine(report, refused);
    const filling = steps.filter(needsRoom);
    const first = Math.floor(Math.random() * Math.min(EVERY, filling.length));
    for (const step of filling.filter((_, index) => index % EVERY === first)) {
      const child = fullDiskFrom(await store.prepare(), step);
      const answer = await child.next('done', 'rejected', 'failed');
      // The manager can be closed, well or not.
      await child.next('closed', 'failed');
      const end = await child.kill();
      const story = `full from ${step.side}: ${step.text}\n${describe(end)}`;
      expect(answer?.event, story).toMatch(/^(done|rejected)$/);
      if (answer?.event === 'rejected') {
        expect(answer.code, story).toBe('ERR_STATE_IO');
        failed++;
      }
      const isTooLate = name !== 'create' && isLastOfReplacement(step, filling);
      await store.examine(end, isTooLate ? ['old', 'new'] : refused).catch((error: unknown) => {
        const reason = error instanceof Error ? error.stack : String(error);
        throw new Error(`${story}\n${reason}`, { cause: error });
      });
    }
  }
  expect(failed).toBeGreaterThan(0);
});

test('files that may not grow: no half card, and the cards that are there unharmed', async () => {
  const root = await temporaryDirectory();
  const known = await withManager(root, (manager) => makeKnownCard(manager));
  const tpmState = (await stat(join(root, 'tpm', 'permall'))).size;
  const cardFile = (await stat(join(root, 'cards', '0000.card'))).size;
  // Too little for an intent, for the TPM's state, for a card file; and enough.
  for (const limit of [0, tpmState - 1, cardFile - 1000, 2 * cardFile]) {
    const scenario = makeScenario('create');
    const task = await withManager(root, (manager) => scenario.prepare(manager));
    const job = {
      stateDirectory: root,
      tpm: 'libtpms',
      closes: true,
      fileSizeLimit: limit,
      ...task,
    };
    const child = new CrashChild(job);
    const answer = await child.next('done', 'rejected', 'failed');
    await child.next('closed', 'failed');
    const report = await child.kill();
    const expected = limit < cardFile ? { code: 'ERR_STATE_IO' } : { event: 'done' };
    expect(answer, `${limit} bytes\n${describe(report)}`).toMatchObject(expected);
    await withManager(root, async (manager) => {
      await expectNothingLeftOver(root);
      const outcome = await scenario.settle(manager, report.events);
      expect(outcome).toBe(limit < cardFile ? 'old' : 'new');
      await expectKeysWork(await manager.card(known.instanceId), known);
    });
  }
});

function makeScenario(name: string): Scenario {
  const make = scenarios[name];
  if (!make) throw new Error(`there is no scenario ${name}`);
  return make();
}
