import { userInfo } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AdminKey, type AuditEvent, type VirtualSmartCard } from '../../lib/index.js';
import { openAuditedManager, told } from '../support/recorded-audit.js';
import { secretsIn } from '../support/secret-search.js';
import { cardOptions, otherPin, randomPin, temporaryDirectory } from '../support/store.js';

const INF =
  '[NewRequest]\nSubject = "CN=Jo"\nKeyContainer = "vpn"\nRequestType = Cert\nKeyAlgorithm = ECDSA_P256\n';

/** What happened since, taken out. */
function take(events: AuditEvent[]): AuditEvent[] {
  return events.splice(0);
}

test('each act is one event, with who, when, which card and how it ended', async () => {
  const { manager, events } = await openAuditedManager(await temporaryDirectory());
  const options = cardOptions({ allowKeyImport: true });
  const { pin } = options;
  const before = Date.now();
  const card = await manager.create(options);
  const [created] = take(events);
  const { cardId } = await card.info();
  expect(created).toMatchObject({
    act: 'create-card',
    who: { user: userInfo().username, uid: process.geteuid?.(), pid: process.pid },
    via: 'library',
    backend: 'embedded',
    instanceId: card.instanceId,
    cardId,
    outcome: 'ok',
  });
  expect(Date.parse(created?.time ?? '')).toBeGreaterThanOrEqual(before);

  const about = { instanceId: card.instanceId, cardId, outcome: 'ok' };
  const expectOne = async (work: () => Promise<unknown>, event: object) => {
    await work();
    expect(take(events)).toMatchObject([{ ...about, ...event }]);
  };
  await expectOne(() => card.createKey({ container: 'a', algorithm: 'EC-P256' }, { pin }), {
    act: 'create-key',
    container: 'a',
  });
  const certificate = await card.enroll(INF, { pin });
  expect(told(take(events))).toEqual(['create-key ok', 'install-certificate ok', 'enroll ok']);
  await expectOne(() => card.installCertificate(certificate.der, { pin }), {
    act: 'install-certificate',
    container: 'vpn',
  });
  await expectOne(() => card.setDefault('a', { pin }), { act: 'set-default', container: 'a' });
  await expectOne(() => card.deleteKey('a', { pin }), { act: 'delete-key', container: 'a' });
  const request = INF.replace('= Cert', '= PKCS10').replace('vpn', 'ca');
  await card.createRequest(request, { pin });
  expect(take(events)).toMatchObject([
    { act: 'create-key', container: 'ca' },
    { act: 'request', container: 'ca' },
  ]);
  const next = randomPin();
  await expectOne(() => card.changePin(pin, next), { act: 'change-pin' });
  await expectOne(() => card.unblock({ adminKey: options.adminKey, newPin: pin }), {
    act: 'unblock',
  });
  await expectOne(() => card.verifyAdminKey(options.adminKey), { act: 'verify-admin-key' });
  await expectOne(() => card.changeAdminKey(options.adminKey, AdminKey.random()), {
    act: 'change-admin-key',
  });
  await manager.resetTpmLockout({ lockoutAuthorization: '' });
  expect(told(take(events))).toEqual(['reset-tpm-lockout ok']);
  await expectOne(() => manager.destroy(card.instanceId), { act: 'destroy-card' });
});

test('what is no life-cycle act is no event, unless the PIN is wrong', async () => {
  const { manager, events } = await openAuditedManager(await temporaryDirectory());
  const options = cardOptions();
  const { pin } = options;
  const card = await manager.create(options);
  const key = await card.createKey({ container: 'a', algorithm: 'EC-P256' }, { pin });
  take(events);
  await card.verifyPin(pin);
  await key.sign('ECDSA-SHA256', 'data');
  await card.logout();
  await Promise.all([card.info(), card.containers(), card.pinTries(), manager.list()]);
  await manager.tpmStatus();
  expect(events).toEqual([]);

  const wrong = otherPin(pin);
  await expect(card.verifyPin(wrong)).rejects.toThrow();
  await expect(key.sign('ECDSA-SHA256', 'data', { pin: wrong })).rejects.toThrow();
  await expect(card.createKey({ container: 'b' }, { pin: wrong })).rejects.toThrow();
  await expect(card.changePin(wrong, pin)).rejects.toThrow();
  await expect(card.verifyPin(wrong)).rejects.toThrow();
  await expect(card.verifyPin(pin)).rejects.toThrow();
  const incorrect = { outcome: 'ERR_PIN_INCORRECT' };
  expect(take(events)).toMatchObject([
    { act: 'verify-pin', ...incorrect, triesLeft: 4 },
    { act: 'sign', ...incorrect, triesLeft: 3, container: 'a' },
    { act: 'create-key', ...incorrect, triesLeft: 2, container: 'b' },
    { act: 'change-pin', ...incorrect, triesLeft: 1 },
    { act: 'verify-pin', ...incorrect, triesLeft: 0 },
    { act: 'verify-pin', outcome: 'ERR_PIN_BLOCKED' },
  ]);
});

test('acts that fail are events with the code that the caller got', async () => {
  const { manager, events } = await openAuditedManager(await temporaryDirectory());
  const options = cardOptions();
  const { pin } = options;
  const card = await manager.create(options);
  take(events);
  const failures: (() => Promise<unknown>)[] = [
    () => manager.destroy('0007'),
    () => card.deleteKey('none', { pin }),
    () => card.changePin(pin, '1'),
    () => card.unblock({ adminKey: AdminKey.random(), newPin: pin }),
    () => card.unblock({ puk: '12345678', newPin: pin }),
    () => card.changeAdminKey(AdminKey.random(), options.adminKey),
    () => card.createKey({ container: 'a' }),
    () => manager.create({ ...cardOptions(), signal: AbortSignal.timeout(1) }),
  ];
  const codes = await Promise.all(
    failures.map(async (fail) => {
      const error = (await fail().catch((reason) => reason)) as { code: string };
      return error.code;
    }),
  );
  expect(codes).toContain('ERR_ADMIN_KEY_INCORRECT');
  expect(events.map(({ outcome }) => outcome).sort()).toEqual(
    // A PIN that breaks no rule of ours and the card's policy only is refused by the card.
    codes.filter((code) => code !== 'ERR_INVALID_ARGUMENT').sort(),
  );
  expect(events.find(({ act }) => act === 'create-card')).not.toHaveProperty('instanceId');
});

test('no event has a secret in it', async () => {
  const folder = await temporaryDirectory();
  const file = join(folder, 'audit.jsonl');
  const { manager, events } = await openAuditedManager(join(folder, 'store'), file);
  const puk = randomPin();
  const options = cardOptions({ puk });
  const { pin } = options;
  const newPin = randomPin();
  const card: VirtualSmartCard = await manager.create(options);
  await card.enroll(INF, { pin });
  await card.verifyPin(otherPin(pin)).catch(() => undefined);
  await card.unblock({ puk: otherPin(puk), newPin }).catch(() => undefined);
  await card.unblock({ puk, newPin });
  await card.changePin(newPin, pin);
  const next = AdminKey.random();
  await card.changeAdminKey(options.adminKey, next);
  await manager.resetTpmLockout({ lockoutAuthorization: randomPin() }).catch(() => undefined);
  await manager.destroy(card.instanceId);
  const { readFile } = await import('node:fs/promises');
  const text = await readFile(file, 'utf8');
  expect(
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual(events);
  const keys = [options.adminKey, next].map((key) => key.exportBytes());
  const secrets = [pin, newPin, puk, otherPin(pin), otherPin(puk), ...keys];
  expect(secretsIn(text, secrets)).toEqual([]);
  expect(secretsIn(`${text}${pin}`, secrets)).toHaveLength(1);
});

test('acts at once on several cards are all told, each once', async () => {
  const { manager, events } = await openAuditedManager(await temporaryDirectory());
  const made = await Promise.all(
    [1, 2, 3].map(async () => {
      const options = cardOptions();
      return { card: await manager.create(options), pin: options.pin };
    }),
  );
  take(events);
  const names = ['a', 'b', 'c', 'd'];
  await Promise.all(
    made.flatMap(({ card, pin }) =>
      names.map((container) => card.createKey({ container, algorithm: 'EC-P256' }, { pin })),
    ),
  );
  const keys = events.map(({ cardId, container }) => `${cardId} ${container}`);
  expect(new Set(keys).size).toBe(12);
  expect(keys).toHaveLength(12);
});
