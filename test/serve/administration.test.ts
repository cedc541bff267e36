import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { AdminKey, VirtualSmartCardManager } from '../../lib/index.js';
import { ServeProcess } from '../support/serve-process.js';
import { cardOptions, randomPin, temporaryDirectory } from '../support/store.js';

test('when the service is restarted before a response comes, there is a new challenge', async () => {
  const directory = await temporaryDirectory();
  const first = await ServeProcess.start(directory);
  await using manager = await VirtualSmartCardManager.open({
    backend: 'embedded',
    stateDirectory: directory,
  });
  const adminKey = AdminKey.random();
  const card = await manager.create(cardOptions({ adminKey }));
  const challenges: Uint8Array[] = [];
  const respond = async (challenge: Uint8Array) => {
    challenges.push(challenge);
    if (challenges.length === 1) {
      await delay(2200);
      await first.kill();
      await ServeProcess.start(directory);
    }
    return adminKey.respond(challenge);
  };
  const newPin = randomPin(9);
  await card.unblock({ adminKey: respond, newPin });
  expect(challenges).toHaveLength(2);
  await card.verifyPin(newPin);
});
