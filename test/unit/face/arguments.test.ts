import { describe, expect, test } from 'vitest';
import {
  AdminKey,
  type CreateOptions,
  VirtualSmartCardError,
  VirtualSmartCardManager,
} from '../../../lib/index.js';
import { type CardFixture, makeCard } from './card-fixture.js';

/** A secret that must show in no error. */
const SECRET = 'Secret-9x7Q';

interface WrongArgument {
  parameter: string;
  /** What makes it wrong. */
  because: string;
  call: (fixture: CardFixture) => Promise<unknown>;
}

/** A value of a type that the signature forbids. */
const wrong = (value: unknown) => value as never;

function openWith(parameter: string, because: string, options: unknown): WrongArgument {
  return { parameter, because, call: () => VirtualSmartCardManager.open(wrong(options)) };
}

function createWith(parameter: string, because: string, options: object): WrongArgument {
  const right: CreateOptions = { name: 'N', pin: SECRET, adminKey: AdminKey.random() };
  return {
    parameter,
    because,
    call: ({ manager }) => manager.create(wrong({ ...right, ...options })),
  };
}

function onKey(
  parameter: string,
  because: string,
  use: (key: Awaited<ReturnType<CardFixture['card']['key']>>, pin: { pin: string }) => unknown,
): WrongArgument {
  const call = async ({ card, withPin }: CardFixture) =>
    use(await card.createKey({}, withPin), withPin);
  return { parameter, because, call };
}

const onCard = (parameter: string, because: string, call: WrongArgument['call']) => ({
  parameter,
  because,
  call,
});

const WRONG: Record<string, WrongArgument[]> = {
  open: [
    openWith('options', 'null', null),
    openWith('options', 'misspelt', { backEnd: 'embedded' }),
    openWith('backend', 'unknown', { backend: 'linux' }),
    openWith('stateDirectory', 'empty', { stateDirectory: '' }),
    openWith('stateDirectory', 'NUL', { stateDirectory: '/tmp/a\0b' }),
    openWith('tpm', 'number', { tpm: 1 }),
    openWith('machine', 'number', { machine: 1 }),
    openWith('ownerAuthorization', 'number', { ownerAuthorization: 1234 }),
  ],
  create: [
    {
      parameter: 'options',
      because: 'missing',
      call: ({ manager }) => manager.create(wrong(undefined)),
    },
    createWith('options', 'misspelt', { pinpolicy: {} }),
    createWith('name', 'missing', { name: undefined }),
    createWith('name', 'empty', { name: '' }),
    createWith('name', 'too long', { name: 'x'.repeat(257) }),
    createWith('name', 'NUL', { name: 'a\0b' }),
    createWith('name', 'line feed', { name: 'a\nb' }),
    createWith('name', 'half a character', { name: 'a\ud83d' }),
    createWith('pin', 'missing', { pin: undefined }),
    createWith('pin', 'number', { pin: 12345678 }),
    createWith('pin', 'array', { pin: [1, 2, 3, 4] }),
    createWith('puk', 'too short', { puk: '1234567' }),
    createWith('puk', 'too long', { puk: 'x'.repeat(128) }),
    createWith('puk', 'null', { puk: null }),
    createWith('adminKey', 'missing', { adminKey: undefined }),
    createWith('adminKey', 'hexadecimal text', { adminKey: '0'.repeat(48) }),
    createWith('adminKey', 'bytes', { adminKey: new Uint8Array(24) }),
    createWith('pinPolicy', 'array', { pinPolicy: [] }),
    createWith('pinPolicy', 'misspelt', { pinPolicy: { minlength: 4 } }),
    createWith('pinPolicy.minLength', 'too small', { pinPolicy: { minLength: 3 } }),
    createWith('generate', 'number', { generate: 1 }),
    createWith('allowKeyImport', 'text', { allowKeyImport: 'yes' }),
    createWith('antiHammering', 'unknown', { antiHammering: 'never' }),
    createWith('onProgress', 'text', { onProgress: 'console.log' }),
    createWith('signal', 'object', { signal: {} }),
  ],
  manager: [
    onCard('instanceId', 'unreadable', ({ manager }) => manager.info('COM1')),
    onCard('instanceId', 'number', ({ manager }) => manager.card(wrong(0))),
    onCard('instanceId', 'missing', ({ manager }) => manager.destroy(wrong(undefined))),
    onCard('options', 'misspelt', ({ manager }) => manager.destroy('0000', wrong({ sign: 1 }))),
    onCard('signal', 'text', ({ manager }) => manager.destroy('0000', wrong({ signal: 'x' }))),
    onCard('lockoutAuthorization', 'missing', ({ manager }) => manager.resetTpmLockout(wrong({}))),
    onCard('options', 'missing', ({ manager }) => manager.resetTpmLockout(wrong(undefined))),
  ],
  card: [
    onCard('container', 'number', ({ card }) => card.key(wrong(1))),
    onCard('container', 'empty', ({ card }) => card.key('')),
    onCard('the key', 'misspelt', ({ card }) => card.createKey(wrong({ name: 'x' }))),
    onCard('container', 'too long', ({ card }) => card.createKey({ container: 'x'.repeat(40) })),
    onCard('container', 'backslash', ({ card }) => card.createKey({ container: 'a\\b' })),
    onCard('container', 'tabulator', ({ card }) => card.createKey({ container: 'a\tb' })),
    onCard('algorithm', 'unknown', ({ card }) => card.createKey(wrong({ algorithm: 'RSA-512' }))),
    onCard('keySpec', 'unknown', ({ card }) => card.createKey(wrong({ keySpec: 'AT_SIGNATURE' }))),
    onCard('options', 'misspelt', ({ card }) => card.createKey({}, wrong({ PIN: SECRET }))),
    onCard('pin', 'number', ({ card }) => card.createKey({}, wrong({ pin: 1234 }))),
    onCard('pin', 'too short', ({ card }) => card.createKey({}, { pin: 'abc' })),
    onCard('signal', 'object', ({ card }) => card.createKey({}, wrong({ signal: {} }))),
    onCard('privateKey', 'missing', ({ card }) => card.importKey(wrong({}))),
    onCard('privateKey', 'no key', ({ card }) => card.importKey({ privateKey: SECRET })),
    onCard('privateKey', 'no DER', ({ card }) =>
      card.importKey({ privateKey: Buffer.from(SECRET) }),
    ),
    onCard('container', 'missing', ({ card }) => card.deleteKey(wrong(undefined))),
    onCard('container', 'missing', ({ card }) => card.setDefault(wrong(undefined))),
    onCard('request', 'missing', ({ card }) => card.enroll(wrong(undefined))),
    onCard('options', 'misspelt', ({ card }) => card.enroll('', wrong({ Pin: SECRET }))),
    onCard('request', 'number', ({ card }) => card.createRequest(wrong(1))),
    onCard('subject', 'missing', ({ card }) => card.enroll({})),
    onCard('spec', 'number', ({ card }) => card.renew('x', wrong(1))),
    onCard('certificate', 'number', ({ card }) => card.renew(wrong(1))),
    onCard('replaces', 'number', ({ card }) =>
      card.installCertificate('MIIB', wrong({ replaces: 1 })),
    ),
    onCard('inf', 'too long', ({ card }) => card.enroll('x'.repeat(262_145))),
    onCard('certificate', 'number', ({ card }) => card.installCertificate(wrong(1))),
    onCard('certificate', 'no certificate', ({ card }) => card.installCertificate('MIIB')),
    onCard('pin', 'missing', ({ card }) => card.verifyPin(wrong(undefined))),
    onCard('pin', 'too long', ({ card }) => card.verifyPin('x'.repeat(128))),
    onCard('oldPin', 'number', ({ card }) => card.changePin(wrong(1), SECRET)),
    onCard('newPin', 'too short', ({ card, pin }) => card.changePin(pin, 'x')),
    onCard('options', 'missing', ({ card }) => card.unblock(wrong(undefined))),
    onCard('options', 'both', ({ card }) =>
      card.unblock(wrong({ puk: SECRET, adminKey: AdminKey.random(), newPin: SECRET })),
    ),
    onCard('puk', 'too short', ({ card }) => card.unblock({ puk: '1234567', newPin: SECRET })),
    onCard('newPin', 'missing', ({ card }) => card.unblock(wrong({ puk: SECRET }))),
    onCard('adminKey', 'missing', ({ card }) => card.unblock(wrong({ newPin: SECRET }))),
    onCard('adminKey', 'text', ({ card }) =>
      card.unblock({ adminKey: wrong('0'.repeat(48)), newPin: SECRET }),
    ),
    onCard('current', 'text', ({ card }) => card.changeAdminKey(wrong(SECRET), AdminKey.random())),
    onCard('next', 'text', ({ card, adminKey }) => card.changeAdminKey(adminKey, wrong(SECRET))),
    onCard('adminKey', 'bytes', ({ card }) => card.verifyAdminKey(wrong(new Uint8Array(24)))),
  ],
  key: [
    onKey('algorithm', 'unknown', (key) => key.sign(wrong('RS256'), 'data')),
    onKey('algorithm', 'missing', (key) => key.sign(wrong(undefined), 'data')),
    onKey('data', 'number', (key, pin) => key.sign('RSA-SHA256', wrong(1), pin)),
    onKey('data', 'missing', (key, pin) => key.sign('RSA-SHA256', wrong(undefined), pin)),
    onKey('options', 'text', (key) => key.sign('RSA-SHA256', 'data', wrong(SECRET))),
    onKey('options', 'misspelt', (key) => key.sign('RSA-SHA256', 'data', wrong({ Pin: SECRET }))),
    onKey('dsaEncoding', 'unknown', (key, pin) =>
      key.sign('RSA-SHA256', 'data', { ...pin, dsaEncoding: wrong('raw') }),
    ),
    onKey('digest', 'too short', (key) => key.signDigest('RSA-SHA256', new Uint8Array(20))),
    onKey('digest', 'text', (key) => key.signDigest('RSA-SHA256', wrong('x'.repeat(32)))),
    onKey('algorithm', 'unknown', (key) => key.decrypt(wrong('RSA'), new Uint8Array(256))),
    onKey('ciphertext', 'text', (key) => key.decrypt('RSA-PKCS1', wrong('x'))),
    onKey('ciphertext', 'too short', (key) => key.decrypt('RSA-PKCS1', new Uint8Array(255))),
    onKey('options', 'misspelt', (key) => key.delete(wrong({ force: true }))),
  ],
};

describe.each(Object.entries(WRONG))('wrong arguments of %s', (_name, cases) => {
  test.each(cases)('$parameter: $because', async ({ parameter, call }) => {
    const fixture = await makeCard();
    const error = await call(fixture).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(VirtualSmartCardError);
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', parameter });
    const text = `${JSON.stringify(error)} ${String(error)}`;
    expect(text).toContain(parameter);
    expect(text).not.toContain(SECRET);
    expect(text).not.toContain(fixture.pin);
    expect((await fixture.card.pinTries()).left).toBe(5);
    expect(await fixture.manager.list()).toHaveLength(1);
  });
});

test('what is missing is called undefined', async () => {
  const { card } = await makeCard();
  await expect(card.verifyAdminKey(wrong(undefined))).rejects.toThrow(/, got undefined\.$/);
});
