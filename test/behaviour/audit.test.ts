import { expect, test } from 'vitest';
import type { AuditEvent } from '../../lib/index.js';
import {
  cardOptions,
  openManager,
  otherPin,
  randomPin,
  temporaryDirectory,
} from '../support/store.js';

const INF =
  '[NewRequest]\nSubject = "CN=Jo"\nKeyContainer = "mail"\nKeyLength = 2048\nRequestType = Cert\n';

test('the acts of a card are told with the card, whatever carries them out', async () => {
  const events: AuditEvent[] = [];
  const audit = { onEvent: (event: AuditEvent) => void events.push(event) };
  const manager = await openManager(await temporaryDirectory(), 'libtpms', { audit });
  const options = cardOptions({ generate: true });
  const { pin } = options;
  const card = await manager.create(options);
  await card.enroll(INF, { pin });
  await card.verifyPin(otherPin(pin)).catch(() => undefined);
  const next = randomPin();
  await card.changePin(pin, next);
  await card.unblock({ adminKey: options.adminKey, newPin: pin });
  const key = await card.key('mail');
  await key.sign('RSA-SHA256', 'data', { pin });
  await card.deleteKey('mail', { pin });
  const { cardId } = await card.info();
  await manager.destroy(card.instanceId);
  expect(events.map(({ act, outcome }) => `${act} ${outcome}`)).toEqual([
    'create-card ok',
    'create-key ok',
    'install-certificate ok',
    'enroll ok',
    'verify-pin ERR_PIN_INCORRECT',
    'change-pin ok',
    'unblock ok',
    'delete-key ok',
    'destroy-card ok',
  ]);
  for (const event of events) {
    expect(event).toMatchObject({ instanceId: card.instanceId, cardId, via: 'library' });
    expect(event.who).toMatchObject({ pid: process.pid, user: expect.any(String) });
  }
});
