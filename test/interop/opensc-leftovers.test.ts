import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { VirtualSmartCardManager } from '../../lib/index.js';
import type { CrashJob } from '../support/crash-child.js';
import { killAtStep, recordSteps } from '../support/crash-steps.js';
import { expectKeysWork, makeKnownCard, withManager } from '../support/crash-store.js';
import { FIRST_READER, inserted, pkcs15Init, pkcs15Objects } from '../support/opensc.js';
import { Pcscd } from '../support/pcscd.js';
import { temporaryDirectory } from '../support/store.js';

const INF = readFileSync(new URL('../../examples/request.inf', import.meta.url), 'utf8');

// The last two writes make the container and advance the counters, the one before is the keymap's.
test.each([
  { killed: 'before the keymap is written', write: -3 },
  { killed: 'between keymap and container map', write: -2 },
])(
  'a killed enrolment ($killed) leaves nothing that OpenSC shows, and the next one clears up',
  async ({ write }) => {
    const pcscd = await Pcscd.start();
    const stateDirectory = await temporaryDirectory();
    const known = await withManager(stateDirectory, (manager) => makeKnownCard(manager));
    const { instanceId, pin } = known;
    const job: CrashJob = {
      ...{ stateDirectory, tpm: 'libtpms', operation: 'enroll' as const, instanceId },
      ...{ pin: pin.toString('hex'), inf: INF },
    };
    const { steps } = await recordSteps(job, 'cards');
    const renames = steps.filter(({ call }) => call.startsWith('rename'));
    await withManager(stateDirectory, async (manager) => {
      const card = await manager.card(instanceId);
      for (const { container } of await card.certificates())
        await card.deleteKey(container, { pin });
    });
    const step = renames.at(write);
    if (!step) throw new Error('an enrolment has fewer writes than it had');
    expect((await killAtStep(job, step)).killed).toBe(true);

    await using manager = await VirtualSmartCardManager.open({ stateDirectory, tpm: 'libtpms' });
    await using _publication = await manager.publish({ directory: pcscd.places.directory });
    await inserted(FIRST_READER);
    await expectShown(known.keys.size, 0);
    const generate = () => pkcs15Init(pin, '--generate-key', 'rsa/2048', '--label', 'opensc');
    // OpenSC takes the first free index, too, but not the place of a key file that it finds there.
    await expect(generate()).rejects.toThrow('Failed to generate key');
    const card = await manager.card(instanceId);
    const { container, key } = await card.enroll(INF, { pin });
    known.keys.set(container, key.publicKey);
    await generate();
    known.keys.set('opensc', (await card.key('opensc')).publicKey);
    await expectKeysWork(card, known);
    expect((await card.certificates()).map((each) => each.container)).toEqual([container]);
    await expectShown(known.keys.size, 1);
  },
);

test('a key that was deleted is not shown by OpenSC any more', async () => {
  const pcscd = await Pcscd.start();
  const stateDirectory = await temporaryDirectory();
  await using manager = await VirtualSmartCardManager.open({ stateDirectory, tpm: 'libtpms' });
  const { instanceId, pin } = await makeKnownCard(manager);
  const card = await manager.card(instanceId);
  await using _publication = await manager.publish({ directory: pcscd.places.directory });
  await inserted(FIRST_READER);
  const { container } = await card.enroll(INF, { pin });
  await expectShown(2, 1);
  await card.deleteKey(container, { pin });
  await expectShown(1, 0);
  for (const { container: last } of await card.keys()) await card.deleteKey(last, { pin });
  await expectShown(0, 0);
  await card.enroll(INF, { pin });
  await expectShown(1, 1);
});

async function expectShown(keys: number, certificates: number): Promise<void> {
  const shown = await pkcs15Objects();
  expect(shown.match(/Private (RSA|EC) Key \[/g) ?? []).toHaveLength(keys);
  expect(shown.match(/X.509 Certificate \[/g) ?? []).toHaveLength(certificates);
}
