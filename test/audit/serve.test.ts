import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { AuditTrail } from '../../lib/audit/audit-trail.js';
import { auditedBackend } from '../../lib/audit/audited-backend.js';
import { openEmbeddedBackend } from '../../lib/backend/embedded/embedded-backend.js';
import { AdminKey, type AuditEvent } from '../../lib/index.js';
import { CommandLine } from '../support/cli.js';
import { openAuditedManager, told } from '../support/recorded-audit.js';
import { secretsIn } from '../support/secret-search.js';
import { ServeProcess } from '../support/serve-process.js';
import { openServed } from '../support/served-manager.js';
import {
  cardOptions,
  openManager,
  otherPin,
  randomPin,
  temporaryDirectory,
} from '../support/store.js';

test('what clients of a service do is told as theirs, command by command', async () => {
  const root = await temporaryDirectory();
  const { manager, events } = await openAuditedManager(root);
  await manager.serve();
  const client = await openServed(root);
  const options = cardOptions({ allowKeyImport: true });
  const { pin } = options;
  const card = await client.create(options);
  const { cardId } = await card.info();
  await card.createKey({ container: 'a', algorithm: 'EC-P256' }, { pin });
  await card.enroll(
    '[NewRequest]\nSubject = "CN=Jo"\nRequestType = Cert\nKeyAlgorithm = ECDSA_P256\n',
    {
      pin,
    },
  );
  await card.verifyPin(otherPin(pin)).catch(() => undefined);
  await card.verifyPin(pin);
  await (await card.key('a')).sign('ECDSA-SHA256', 'data');
  await card.deleteKey('a');
  const newPin = randomPin();
  await card.changePin(pin, newPin);
  const next = AdminKey.random();
  await card.changeAdminKey(options.adminKey, next);
  await card.unblock({ adminKey: next, newPin: pin });
  await card.unblock({ adminKey: options.adminKey, newPin: pin }).catch(() => undefined);
  await client.destroy(card.instanceId);
  expect(told(events)).toEqual([
    'create-card ok',
    'create-key ok',
    'create-key ok',
    'write-file ok',
    'verify-pin ERR_PIN_INCORRECT',
    'delete-key ok',
    'change-pin ok',
    'verify-admin-key ok',
    'change-admin-key ok',
    'verify-admin-key ok',
    'unblock ok',
    'verify-admin-key ERR_ADMIN_KEY_INCORRECT',
    'destroy-card ok',
  ]);
  const who = { uid: process.geteuid?.(), user: expect.any(String) };
  for (const event of events) {
    expect(event).toMatchObject({ via: 'serve', who, instanceId: card.instanceId, cardId });
    expect(event.who).not.toHaveProperty('pid');
  }
  expect(events.find(({ act }) => act === 'create-key')).toMatchObject({ object: 'B081' });
  expect(events.find(({ act }) => act === 'delete-key')).toMatchObject({ object: 'B081' });
  expect(events.find(({ act }) => act === 'write-file')).toMatchObject({ object: 'A010/DF24' });
  const keys = [options.adminKey, next].map((key) => key.exportBytes());
  expect(secretsIn(JSON.stringify(events), [pin, newPin, otherPin(pin), ...keys])).toEqual([]);
});

test('the service and a client that records its own acts each tell of them', async () => {
  const folder = await temporaryDirectory();
  const cli = await CommandLine.start();
  const store = cli.path('store');
  const file = join(folder, 'served.jsonl');
  await ServeProcess.start(store, 'libtpms', ['--audit', file]);
  const { manager, events } = await openAuditedManager(store);
  const card = await manager.create(cardOptions());
  await manager.destroy(card.instanceId);
  expect(told(events)).toEqual(['create-card ok', 'destroy-card ok']);
  expect(events[0]).toMatchObject({ via: 'library', who: { pid: process.pid } });
  const { readFile } = await import('node:fs/promises');
  const served = (await readFile(file, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(told(served)).toEqual(['create-card ok', 'destroy-card ok']);
  expect(served[0]).toMatchObject({ via: 'serve', cardId: events[0]?.cardId });
});

test('a key that is imported by a client is told, and no part of it', async () => {
  const root = await temporaryDirectory();
  const { manager, events } = await openAuditedManager(root);
  await manager.serve();
  const client = await openServed(root);
  const options = cardOptions({ allowKeyImport: true });
  const card = await client.create(options);
  const { generateKeyPairSync } = await import('node:crypto');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' });
  await card.importKey({ privateKey: pkcs8, container: 'a' }, { pin: options.pin });
  expect(told(events)).toEqual(['create-card ok', 'import-key ok']);
  expect(events[1]).toMatchObject({ object: 'B081' });
  const secret = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
  expect(secretsIn(JSON.stringify(events), [secret, secret.subarray(0, 6)])).toEqual([]);
});

test('the command line writes its acts to --audit, or to VIRTUAL_SMARTCARD_AUDIT', async () => {
  const cli = await CommandLine.start();
  const { readFile } = await import('node:fs/promises');
  const file = cli.path('audit.jsonl');
  await cli.create('--audit', file);
  cli.env['VIRTUAL_SMARTCARD_AUDIT'] = file;
  await cli.json(['destroy', '--instance', '0000']);
  const text = await readFile(file, 'utf8');
  const events = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(told(events)).toEqual(['create-card ok', 'destroy-card ok']);
  expect(events[0].who.pid).not.toBe(events[1].who.pid);
  expect(secretsIn(text, [Buffer.from(cli.pin)])).toEqual([]);
  cli.env['VIRTUAL_SMARTCARD_AUDIT'] = cli.path('none/audit.jsonl');
  const failure = await cli.failure(['create', '--name', 'B', '--pin-stdin'], `${cli.pin}\n`);
  expect(failure).toMatchObject({ exitCode: 1, code: 'ERR_AUDIT' });
  delete cli.env['VIRTUAL_SMARTCARD_AUDIT'];
  expect(await cli.json(['list'])).toMatchObject({ cards: [] });
});

test('without audit a service tells nobody', async () => {
  const root = await temporaryDirectory();
  const manager = await openManager(root);
  await manager.serve();
  const client = await openServed(root);
  await client.create(cardOptions());
  expect(await manager.list()).toHaveLength(1);
});

test('a card that is used in a reader is told without a name of who uses it', async () => {
  const events: AuditEvent[] = [];
  const root = await temporaryDirectory();
  const manager = await openManager(root);
  const card = await manager.create(cardOptions());
  const trail = await AuditTrail.open({ onEvent: (event) => void events.push(event) });
  const inner = await openEmbeddedBackend({ stateDirectory: root });
  onTestFinished(() => inner.close());
  const backend = auditedBackend(inner, trail);
  expect(backend.stateDirectory).toBe(root);
  const channel = await backend.openChannel?.(card.instanceId);
  const wrong = Buffer.from('0020008008393939393939393a', 'hex');
  expect(await channel?.transmit(wrong)).toEqual(Buffer.from('63c4', 'hex'));
  expect(await channel?.transmit(Buffer.from('00200080', 'hex'))).toEqual(
    Buffer.from('63c4', 'hex'),
  );
  expect(await channel?.transmit(Buffer.from('00', 'hex'))).toEqual(Buffer.from('6700', 'hex'));
  expect(events).toMatchObject([
    { act: 'verify-pin', via: 'reader', who: {}, outcome: 'ERR_PIN_INCORRECT', triesLeft: 4 },
  ]);
  expect(Object.keys(events[0]?.who ?? { none: 1 })).toEqual([]);
  await channel?.close();
});
