import { createPrivateKey, generateKeyPairSync, verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { AdminKey, type PinOptions } from '../../../lib/index.js';
import { expectError } from '../../support/expect-error.js';
import { makeCard, randomDigits } from './card-fixture.js';

describe('keys', () => {
  test('are made with their defaults, listed and found', async () => {
    const { card, withPin } = await makeCard();
    await expectError(card.key(), 'ERR_CONTAINER_NOT_FOUND');
    const rsa = await card.createKey({}, withPin);
    expect(rsa.algorithm).toBe('RSA-2048');
    expect(rsa.keySpec).toBe('keyExchange');
    expect(rsa.container).toMatch(/^[0-9a-f-]{36}$/);
    expect((await card.key()).container).toBe(rsa.container);

    const ec = await card.createKey({ container: 'EC', algorithm: 'EC-P256' }, withPin);
    expect(ec.keySpec).toBe('signature');
    expect((await card.keys()).map(({ container }) => container)).toEqual([rsa.container, 'EC']);
    expect((await card.containers()).map(({ name }) => name)).toEqual([rsa.container, 'EC']);
    expect((await card.key('EC')).publicKey.equals(ec.publicKey)).toBe(true);

    const error = await expectError(card.key(), 'ERR_CONTAINER_AMBIGUOUS');
    expect(error.message).toContain('"EC"');
    const unknown = await expectError(card.key('VPN'), 'ERR_CONTAINER_NOT_FOUND');
    expect(unknown.message).toContain('"EC"');
    await expectError(
      card.createKey({ container: 'EC', algorithm: 'EC-P256' }, withPin),
      'ERR_CONTAINER_EXISTS',
    );
  });

  test('are deleted by the card and by themselves', async () => {
    const { card, withPin } = await makeCard();
    const one = await card.createKey({ container: 'one', algorithm: 'EC-P256' }, withPin);
    await card.createKey({ container: 'two', algorithm: 'EC-P256' }, withPin);
    await expectError(one.delete(), 'ERR_PIN_REQUIRED');
    await one.delete(withPin);
    await card.deleteKey('two', withPin);
    expect(await card.keys()).toEqual([]);
    await expectError(card.deleteKey('two', withPin), 'ERR_CONTAINER_NOT_FOUND');
  });

  test('setDefault marks one container as the default', async () => {
    const { card, withPin } = await makeCard();
    await card.createKey({ container: 'one', algorithm: 'EC-P256' }, withPin);
    await card.createKey({ container: 'two', algorithm: 'EC-P256' }, withPin);
    for (const wanted of ['two', 'one']) {
      await card.setDefault(wanted, withPin);
      const defaults = (await card.containers()).filter(({ isDefault }) => isDefault);
      expect(defaults.map(({ name }) => name)).toEqual([wanted]);
    }
  });

  test('are imported from PKCS#8 DER, PEM and KeyObjects, where the card allows it', async () => {
    const { card, withPin } = await makeCard({ allowKeyImport: true });
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const der = rsa.privateKey.export({ type: 'pkcs8', format: 'der' });
    const pem = ec.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

    const before = Buffer.from(der);
    const fromDer = await card.importKey({ privateKey: der, container: 'DER' }, withPin);
    expect(der.equals(before)).toBe(true);
    expect(fromDer).toMatchObject({ algorithm: 'RSA-2048', keySpec: 'keyExchange' });
    expect(fromDer.publicKey.equals(rsa.publicKey)).toBe(true);
    const fromPem = await card.importKey({ privateKey: pem, keySpec: 'keyExchange' }, withPin);
    expect(fromPem).toMatchObject({ algorithm: 'EC-P384', keySpec: 'keyExchange' });
    const signature = await fromPem.sign('ECDSA-SHA384', 'data', withPin);
    expect(verify('sha384', Buffer.from('data'), ec.publicKey, signature)).toBe(true);
    const fromObject = await card.importKey({ privateKey: createPrivateKey(pem) }, withPin);
    expect(fromObject.keySpec).toBe('signature');
  });

  test('are not imported to a card that does not allow it, nor when no card could hold them', async () => {
    const { card, withPin } = await makeCard();
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await expectError(card.importKey({ privateKey }, withPin), 'ERR_KEY_IMPORT_NOT_ALLOWED');
    for (const unfit of [
      generateKeyPairSync('ed25519'),
      generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
      generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }),
      generateKeyPairSync('rsa', { modulusLength: 1536 }),
    ]) {
      await expectError(
        card.importKey({ privateKey: unfit.privateKey }, withPin),
        'ERR_ALGORITHM_NOT_SUPPORTED',
      );
    }
    expect(await card.containers()).toEqual([]);
  });
});

describe('PIN', () => {
  test('given with a call holds for that call, verified until logout', async () => {
    const { card, pin, withPin } = await makeCard();
    const key = await card.createKey({ algorithm: 'EC-P256' }, withPin);
    await expectError(key.sign('ECDSA-SHA256', 'data'), 'ERR_PIN_REQUIRED');
    await card.verifyPin(pin);
    await key.sign('ECDSA-SHA256', 'data', withPin);
    await key.sign('ECDSA-SHA256', 'data');
    await card.logout();
    await expectError(key.sign('ECDSA-SHA256', 'data'), 'ERR_PIN_REQUIRED');
  });

  test('counts down, blocks, and is set anew by the admin key or its responder', async () => {
    const { card, pin, wrongPin, adminKey } = await makeCard();
    for (const triesLeft of [4, 3, 2, 1, 0]) {
      const error = await expectError(card.verifyPin(wrongPin), 'ERR_PIN_INCORRECT');
      expect(error.triesLeft).toBe(triesLeft);
      expect(JSON.stringify(error)).not.toContain(wrongPin);
    }
    await expectError(card.verifyPin(wrongPin), 'ERR_PIN_BLOCKED');
    await expectError(card.verifyPin(pin), 'ERR_PIN_BLOCKED');
    const newPin = randomDigits();
    await expectError(
      card.unblock({ adminKey: AdminKey.random(), newPin }),
      'ERR_ADMIN_KEY_INCORRECT',
    );
    await expectError(card.unblock({ puk: randomDigits(), newPin }), 'ERR_PUK_NOT_SET');
    await card.unblock({ adminKey, newPin });
    await card.verifyPin(newPin);

    const challenges: Uint8Array[] = [];
    const responder = async (challenge: Uint8Array) => {
      challenges.push(challenge);
      return adminKey.respond(challenge);
    };
    const newerPin = randomDigits();
    await card.unblock({ adminKey: responder, newPin: newerPin });
    expect(challenges.map(({ length }) => length)).toEqual([8]);
    await card.verifyPin(newerPin);
    expect(await card.pinTries()).toEqual({ left: 5, max: 5 });
  });

  test('of a card with a PUK is reset by the PUK only', async () => {
    const puk = randomDigits(10);
    const { card, adminKey } = await makeCard({ puk });
    const newPin = randomDigits();
    expect(await card.pukTries()).toEqual({ left: 5, max: 5 });
    const error = await expectError(card.unblock({ puk: `x${puk}`, newPin }), 'ERR_PUK_INCORRECT');
    expect(error.triesLeft).toBe(4);
    await expectError(card.unblock({ adminKey, newPin }), 'ERR_ADMIN_RESET_NOT_ALLOWED');
    await card.unblock({ puk, newPin });
    await card.verifyPin(newPin);
  });

  test('changes; the old one is wrong then, and a log-in has ended', async () => {
    const { card, pin, wrongPin, withPin } = await makeCard();
    const key = await card.createKey({ algorithm: 'EC-P256' }, withPin);
    const newPin = randomDigits(10);
    await expectError(card.changePin(wrongPin, newPin), 'ERR_PIN_INCORRECT');
    await expectError(card.changePin(pin, 'short'), 'ERR_PIN_POLICY');
    await card.verifyPin(pin);
    const bytes = Buffer.from(newPin);
    const changing = card.changePin(pin, bytes);
    bytes.fill(0);
    await changing;
    await expectError(key.sign('ECDSA-SHA256', 'data'), 'ERR_PIN_REQUIRED');
    await expectError(card.verifyPin(pin), 'ERR_PIN_INCORRECT');
    await card.verifyPin(newPin);
    expect(await card.pukTries()).toBeUndefined();
  });
});

describe('admin key', () => {
  test('is checked and replaced', async () => {
    const { card, adminKey } = await makeCard();
    const next = AdminKey.random();
    await expectError(card.verifyAdminKey(next), 'ERR_ADMIN_KEY_INCORRECT');
    await card.verifyAdminKey(adminKey);
    await expectError(card.changeAdminKey(next, next), 'ERR_ADMIN_KEY_INCORRECT');
    await card.changeAdminKey(adminKey, next);
    await expectError(card.verifyAdminKey(adminKey), 'ERR_ADMIN_KEY_INCORRECT');
    await card.verifyAdminKey((challenge) => next.respond(challenge));
    await card.changeAdminKey((challenge) => next.respond(challenge), adminKey);
    await card.verifyAdminKey(adminKey);
    expect((await card.info()).name).toBe('Test card');
  });

  test('may be disposed of while a call with it runs, and is not disposed of by it', async () => {
    const { card, adminKey } = await makeCard();
    const mine = adminKey.clone();
    const checking = card.verifyAdminKey(mine);
    mine.dispose();
    await checking;
    await card.verifyAdminKey(adminKey);
    expect(adminKey.exportHex()).toMatch(/^[0-9a-f]{48}$/);
  });

  test('a responder that throws or answers wrongly stops the call with its error', async () => {
    const { card, adminKey, pin } = await makeCard();
    const mine = new Error('the server is away');
    const failing = card.unblock({
      adminKey: () => {
        throw mine;
      },
      newPin: randomDigits(),
    });
    await expect(failing).rejects.toBe(mine);
    const error = await expectError(
      card.verifyAdminKey(() => new Uint8Array(7)),
      'ERR_INVALID_ARGUMENT',
    );
    expect(error.actual).toBe('7 bytes');
    await card.verifyPin(pin);
    await card.verifyAdminKey(adminKey);
  });
});

test('a signal that has fired stops every call that takes one, before the card is asked', async () => {
  const { backend, card, pin } = await makeCard();
  const key = await card.createKey({ container: 'K' }, { pin });
  const before = backend.apdus.length;
  const stopped: PinOptions = { pin, signal: AbortSignal.abort() };
  for (const call of [
    () => card.createKey({}, stopped),
    () => card.deleteKey('K', stopped),
    () => card.setDefault('K', stopped),
    () => card.enroll('[NewRequest]\nSubject=CN=x\nRequestType=Cert', stopped),
    () => card.createRequest('[NewRequest]\nSubject=CN=x', stopped),
    () => key.sign('RSA-SHA256', 'data', stopped),
    () => key.signDigest('RSA-SHA256', new Uint8Array(32), stopped),
    () => key.decrypt('RSA-PKCS1', new Uint8Array(256), stopped),
    () => key.delete(stopped),
  ]) {
    await expectError(call(), 'ERR_ABORTED');
  }
  expect(backend.apdus.length).toBe(before);
});

test('a closed card and a closed key refuse, the card itself stays', async () => {
  const { backend, manager, card, withPin } = await makeCard();
  const key = await card.createKey({ algorithm: 'EC-P256' }, withPin);
  const orphan = await card.key();
  await key.close();
  await expectError(key.sign('ECDSA-SHA256', 'data', withPin), 'ERR_CLOSED');
  await card.close();
  await card.close();
  expect(backend.openConnections).toBe(0);
  await expectError(orphan.sign('ECDSA-SHA256', 'data', withPin), 'ERR_CLOSED');
  for (const call of [
    () => card.info(),
    () => card.keys(),
    () => card.certificates(),
    () => card.createKey({}, withPin),
    () => card.verifyPin('12345678'),
    () => card.pinTries(),
    () => card.unblock({ puk: '12345678', newPin: '12345678' }),
  ]) {
    await expectError(call(), 'ERR_CLOSED');
  }
  const again = await (await manager.card()).key();
  const data = Buffer.from('data');
  const signature = await again.sign('ECDSA-SHA256', data, withPin);
  expect(verify('sha256', data, key.publicKey, signature)).toBe(true);
});
