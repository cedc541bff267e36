import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { expectError } from '../../support/expect-error.js';
import { certificateFor } from '../../support/gids-card.js';
import { otherPin } from '../../support/store.js';
import { FakeCall, nativeError } from './support/fake-call.js';
import { FakeModule } from './support/fake-module.js';
import { WindowsCard } from './support/windows-card.js';

const EC = { name: 'Mail', algorithm: 'EC-P256', keySpec: 'signature' } as const;
const ECDSA = { type: 'ecdsa', hash: 'SHA256' } as const;
const DIGEST = createHash('sha256').digest();

it('a connection that did nothing yet names no way', async () => {
  const { connection } = await WindowsCard.open();
  await connection.containers();
  expect(await connection.servedBy?.()).toEqual({});
});

it('keys and certificates are served by the providers that did it, in their order', async () => {
  const { connection, addon, card } = await WindowsCard.open();
  const { pin } = card;
  await connection.createContainer(EC, { pin });
  const certificate = certificateFor(await connection.publicKey('Mail'), 'one');
  await connection.storeCertificate('Mail', certificate, { pin });
  expect(await connection.servedBy?.()).toEqual({ keys: 'ksp', certificates: 'ksp' });
  await connection.createContainer(
    { name: 'Old', algorithm: 'RSA-1024', keySpec: 'keyExchange', provider: 'csp' },
    { pin },
  );
  addon.unlisted.add('ksp Mail');
  await connection.deleteContainer('Old', { pin });
  await connection.deleteCertificate('Mail', { pin });
  expect(await connection.servedBy?.()).toEqual({ keys: 'ksp, csp', certificates: 'ksp, apdu' });
});

it('a key that no provider lists is served by the own commands of the card', async () => {
  const { connection, addon, card } = await WindowsCard.open();
  await card.connection().createContainer(EC, { pin: card.pin });
  addon.unlisted.add('ksp Mail');
  await connection.signDigest('Mail', ECDSA, DIGEST, { pin: card.pin });
  expect(await connection.servedBy?.()).toEqual({ keys: 'apdu' });
});

it('PIN and admin key are served by the module, or by the own commands of the card', async () => {
  const { connection, handles, card } = await WindowsCard.open();
  const [handle] = handles;
  if (!handle) throw new Error('nobody has connected to the card');
  const respond = async () => Buffer.alloc(8);
  const module = new FakeModule();
  handle.module = () => FakeCall.resolved(module);
  await connection.verifyPin(card.pin);
  await connection.asAdmin(respond, { authenticateOnly: true });
  expect(await connection.servedBy?.()).toEqual({ pin: 'fake.dll', adminKey: 'fake.dll' });
  module.failures.set('verifyPin', nativeError('NOT_OFFERED'));
  module.failures.set('challenge', nativeError('NOT_OFFERED'));
  await expectError(connection.verifyPin(otherPin(card.pin)), 'ERR_PIN_INCORRECT');
  await expectError(
    connection.asAdmin(respond, { authenticateOnly: true }),
    'ERR_ADMIN_KEY_INCORRECT',
  );
  const both = 'fake.dll, apdu';
  expect(await connection.servedBy?.()).toEqual({ pin: both, adminKey: both });
});

it('what the module refused was served by it', async () => {
  const { connection, handles, card } = await WindowsCard.open();
  const [handle] = handles;
  if (!handle) throw new Error('nobody has connected to the card');
  const module = new FakeModule();
  module.failures.set('verifyPin', nativeError('HRESULT', { hresult: 0x8010006b }));
  module.failures.set('authenticateAdmin', nativeError('HRESULT', { hresult: 0x8010006b }));
  handle.module = () => FakeCall.resolved(module);
  await expectError(connection.verifyPin(card.pin), 'ERR_PIN_INCORRECT');
  const authenticating = connection.asAdmin(async () => Buffer.alloc(8), {
    authenticateOnly: true,
  });
  await expectError(authenticating, 'ERR_ADMIN_KEY_INCORRECT');
  expect(await connection.servedBy?.()).toEqual({ pin: 'fake.dll', adminKey: 'fake.dll' });
});
