import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { AdminKey } from '../../lib/index.js';
import { runProgram } from '../support/cli.js';
import { FIRST_READER, inserted, storeWithReaders, succeed } from '../support/opensc.js';
import { cardOptions, otherPin, randomPin } from '../support/store.js';

const PROGRAM = fileURLToPath(new URL('../reader/main.mjs', import.meta.url));
const READER = ['--reader', FIRST_READER, '--may-be-lost'];

/** `npm run test:reader`, without what sets the clone up. */
function testReader(words: string[], env: Record<string, string> = {}) {
  const options = { env: { ...process.env, ...env }, timeout: 110_000 };
  return runProgram([process.execPath, PROGRAM, ...words], options);
}

/** A blank card in a reader, and the secrets to set it up with. */
async function blankCard() {
  const { manager, publish } = await storeWithReaders();
  const { instanceId } = await manager.create(
    cardOptions({ generate: false, allowKeyImport: true }),
  );
  const publication = await publish();
  await inserted(FIRST_READER);
  const pin = randomPin();
  const adminKey = AdminKey.random();
  const env = { VSC_CARD_PIN: pin.toString(), VSC_CARD_ADMIN_KEY: adminKey.exportHex() };
  return { manager, instanceId, publication, pin, adminKey, env };
}

test('what tests a card in a reader finds no fault in a card of ours that OpenSC sets up', async () => {
  const { manager, instanceId, publication, pin, adminKey, env } = await blankCard();
  await using _publication = publication;
  const { stdout, stderr, exitCode } = await testReader(READER, env);
  expect(stdout + stderr).toMatch(/Tests +\d+ passed \(\d+\)/);
  expect(exitCode).toBe(0);
  const card = await manager.card(instanceId);
  expect(await card.containers()).toEqual([]);
  await card.verifyPin(pin);
  await card.verifyAdminKey(adminKey);
});

test("with a PIN that is not the card's it fails, and has tried it once", async () => {
  const { manager, instanceId, publication, pin, env } = await blankCard();
  await using _publication = publication;
  const words = ['--pin', pin.toString(), '--admin-key', env.VSC_CARD_ADMIN_KEY];
  const serial = ['--serial-number', '00112233445566778899AABBCCDDEEFF'];
  await succeed('gids-tool', '--reader', FIRST_READER, '--initialize', ...words, ...serial);
  const wrong = { ...env, VSC_CARD_PIN: otherPin(pin).toString() };
  const { stdout, stderr, exitCode } = await testReader(READER, wrong);
  expect(stdout + stderr).toContain('The PIN is wrong');
  expect(exitCode).toBe(1);
  const card = await manager.card(instanceId);
  expect(await card.pinTries()).toEqual({ left: 4, max: 5 });
});

test.each([
  [[], 'No reader was named.'],
  [['--reader'], 'No reader was named.'],
  [['--reader', '--may-be-lost'], 'No reader was named.'],
  [['--reader', 'x'], 'Say by --may-be-lost that the card may be.'],
  [[...READER, '--verbose'], 'There is no option --verbose.'],
  [READER, 'VSC_CARD_PIN is not set.'],
])('with %j it tests nothing, and says what is missing', async (words, reason) => {
  const { stderr, exitCode } = await testReader(words, { VSC_CARD_PIN: '' });
  expect(stderr).toContain(reason);
  expect(stderr).toContain('Usage: npm run test:reader');
  expect(exitCode).toBe(2);
});
