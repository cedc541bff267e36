import { createHash, publicEncrypt, randomBytes, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { VirtualSmartCardManager } from '../../../lib/manager.js';
import { publicKeyObject } from '../../../lib/public-key.js';
import { expectError } from '../../support/expect-error.js';
import { TestCard } from '../../support/gids-card.js';
import { otherPin } from '../../support/store.js';
import { FakeCall } from './support/fake-call.js';
import { answer, WindowsCard } from './support/windows-card.js';

const RSA = { name: 'RSA', algorithm: 'RSA-1024', keySpec: 'keyExchange' } as const;
const EC = { name: 'EC', algorithm: 'EC-P256', keySpec: 'signature' } as const;
const ECDSA = { type: 'ecdsa', hash: 'SHA256' } as const;
const PKCS1 = { type: 'pkcs1', hash: 'SHA256' } as const;
const PSS = { type: 'pss', hash: 'SHA256' } as const;
const DATA = randomBytes(50);
const DIGEST = createHash('sha256').update(DATA).digest();

describe('keys', () => {
  it('are made, used and deleted by the KSP, in as few calls as can be', async () => {
    const windows = await WindowsCard.open();
    const { connection, card } = windows;
    const { pin } = card;
    expect(await connection.createContainer(EC, { pin })).toEqual({
      ...EC,
      index: 0,
      isDefault: true,
      hasCertificate: false,
    });
    expect(windows.takeCalls()).toEqual(['createKey ksp EC']);
    const key = publicKeyObject(await connection.publicKey('EC'));
    const signature = await connection.signDigest('EC', ECDSA, DIGEST, { pin });
    expect(verify('sha256', DATA, { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
    await connection.signDigest('ec', ECDSA, DIGEST, { pin });
    await connection.deleteContainer('EC', { pin });
    expect(windows.takeCalls()).toEqual([
      'listKeys ksp',
      'readPublicKey ksp EC',
      'signHash ksp EC',
      'signHash ksp EC',
      'readCertificate ksp EC',
      'deleteKey ksp EC',
    ]);
    expect(await connection.containers()).toEqual([]);
  });

  it('of RSA sign and decrypt by every padding', async () => {
    const { connection, card } = await WindowsCard.open();
    const { pin } = card;
    await connection.createContainer(RSA, { pin });
    const key = publicKeyObject(await connection.publicKey('RSA'));
    const pkcs1 = await connection.signDigest('RSA', PKCS1, DIGEST, { pin });
    expect(verify('sha256', DATA, key, pkcs1)).toBe(true);
    const pss = await connection.signDigest('RSA', PSS, DIGEST, { pin });
    expect(verify('sha256', DATA, { key, padding: 6 }, pss)).toBe(true);
    const oaep = publicEncrypt({ key, oaepHash: 'sha256' }, Buffer.from('secret'));
    const plain = await connection.decrypt('RSA', { type: 'oaep', hash: 'SHA256' }, oaep, { pin });
    expect(plain.toString()).toBe('secret');
    const old = publicEncrypt({ key, padding: 1 }, Buffer.from('older'));
    expect((await connection.decrypt('RSA', { type: 'pkcs1' }, old, { pin })).toString()).toBe(
      'older',
    );
  });

  it('that only the CSP lists are used through it, as far as it goes', async () => {
    const windows = await WindowsCard.open();
    const { connection, card, addon } = windows;
    const { pin } = card;
    await connection.createContainer({ ...RSA, provider: 'csp' }, { pin });
    addon.unlisted.add('ksp RSA');
    const key = publicKeyObject(await connection.publicKey('RSA'));
    const signature = await connection.signDigest('RSA', PKCS1, DIGEST, { pin });
    expect(verify('sha256', DATA, key, signature)).toBe(true);
    const oaep = publicEncrypt({ key, oaepHash: 'sha1' }, Buffer.from('secret'));
    const scheme = { type: 'oaep', hash: 'SHA1' } as const;
    expect((await connection.decrypt('RSA', scheme, oaep, { pin })).toString()).toBe('secret');
    expect(windows.takeCalls().filter((call) => call.endsWith('RSA'))).toEqual([
      'createKey csp RSA',
      'readPublicKey csp RSA',
      'signHash csp RSA',
      'decrypt csp RSA',
    ]);
    const error = await expectError(
      connection.signDigest('RSA', PSS, DIGEST, { pin }),
      'ERR_ALGORITHM_NOT_SUPPORTED',
    );
    expect(error.message).toContain('Base Smart Card Crypto Provider');
    await expectError(
      connection.decrypt('RSA', { type: 'oaep', hash: 'SHA256' }, oaep, { pin }),
      'ERR_ALGORITHM_NOT_SUPPORTED',
    );
    expect(windows.takeCalls().filter((call) => call.startsWith('signHash'))).toEqual([]);
  });

  it('that no provider lists are used by the card itself', async () => {
    const windows = await WindowsCard.open();
    const { connection, card, addon } = windows;
    const { pin } = card;
    await connection.createContainer(EC, { pin });
    addon.unlisted.add('ksp EC');
    windows.takeCalls();
    expect(await connection.containers()).toMatchObject([{ name: 'EC', index: 0 }]);
    const key = publicKeyObject(await connection.publicKey('EC'));
    const signature = await connection.signDigest('EC', ECDSA, DIGEST, { pin });
    expect(verify('sha256', DATA, { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
    await connection.deleteContainer('EC', { pin });
    expect(new Set(windows.takeCalls())).toEqual(new Set(['listKeys ksp', 'listKeys csp']));
  });

  it('that only a provider lists are shown with what it says', async () => {
    const { connection, card, addon, readerName } = await WindowsCard.open();
    const hidden = new TestCard();
    await hidden.connection().createContainer(RSA, { pin: hidden.pin });
    addon.cards.set(readerName, hidden);
    expect(await connection.containers()).toEqual([
      { ...RSA, index: undefined, isDefault: false, hasCertificate: false },
    ]);
    expect(card.keyReferences).toEqual([]);
  });

  it('are not made twice, nor of EC by the CSP, and that costs no try', async () => {
    const windows = await WindowsCard.open();
    const { connection, card } = windows;
    await connection.createContainer(RSA, { pin: card.pin });
    windows.takeCalls();
    const wrong = { pin: otherPin(card.pin) };
    await expectError(
      connection.createContainer({ ...RSA, name: 'rsa' }, wrong),
      'ERR_CONTAINER_EXISTS',
    );
    await expectError(
      connection.createContainer({ ...EC, provider: 'csp' }, wrong),
      'ERR_ALGORITHM_NOT_SUPPORTED',
    );
    await expectError(
      connection.signDigest('None', ECDSA, DIGEST, wrong),
      'ERR_CONTAINER_NOT_FOUND',
    );
    await expectError(connection.deleteContainer('None', wrong), 'ERR_CONTAINER_NOT_FOUND');
    await expectError(
      connection.signDigest('RSA', ECDSA, DIGEST, wrong),
      'ERR_ALGORITHM_NOT_SUPPORTED',
    );
    const noCiphertext = Buffer.alloc(128, 0xff);
    await expectError(
      connection.decrypt('RSA', { type: 'pkcs1' }, noCiphertext, wrong),
      'ERR_DECRYPTION_FAILED',
    );
    expect(await connection.pinTries()).toEqual({ left: 5, max: 5 });
    expect(windows.takeCalls().filter((call) => !/^(list|read)/.test(call))).toEqual([]);
  });

  it('made while the call is aborted are deleted again', async () => {
    const windows = await WindowsCard.open();
    const { connection, card } = windows;
    const abort = new AbortController();
    windows.on('createKey', () => {
      abort.abort('enough');
      return undefined;
    });
    const options = { pin: card.pin, signal: abort.signal };
    const error = await expectError(connection.createContainer(EC, options), 'ERR_ABORTED');
    expect(error.cause).toBe('enough');
    expect(windows.takeCalls()).toEqual(['createKey ksp EC', 'deleteKey ksp EC']);
    expect(card.keyReferences).toEqual([]);
    await expectError(connection.createContainer(EC, options), 'ERR_ABORTED');
    expect(windows.takeCalls()).toEqual([]);
  });

  it('of a provider that hangs are given up, and the next call works', async () => {
    const windows = await WindowsCard.open({ limits: { key: 1000 } });
    const { connection, card } = windows;
    const { pin } = card;
    await connection.createContainer(EC, { pin });
    await connection.publicKey('EC');
    const hanging = new FakeCall<never>();
    let isFirst = true;
    windows.on('signHash', () => {
      if (!isFirst) return undefined;
      isFirst = false;
      return hanging;
    });
    await expectError(connection.signDigest('EC', ECDSA, DIGEST, { pin }), 'ERR_TIMEOUT');
    expect(hanging.asked).toEqual(['cancel', 'abandon']);
    expect(await connection.signDigest('EC', ECDSA, DIGEST, { pin })).toHaveLength(64);
  });

  it('of a card that gave its reader to another one are not touched', async () => {
    const windows = await WindowsCard.open();
    const { connection, card, handles } = windows;
    windows.takeCalls();
    const [handle] = handles;
    if (!handle) throw new Error('no handle');
    handle.transmit = () => answer(0x80100069);
    await expectError(connection.createContainer(EC, { pin: card.pin }), 'ERR_CARD_NOT_FOUND');
    await expectError(connection.publicKey('EC'), 'ERR_CARD_NOT_FOUND');
    expect(windows.takeCalls()).toEqual([]);
  });

  it("are the KSP's alone where Windows has no CSP", async () => {
    const windows = await WindowsCard.open();
    const { connection, card } = windows;
    await connection.createContainer(EC, { pin: card.pin });
    windows.on('listKeys csp', () => answer(0x80090019));
    expect(await connection.containers()).toMatchObject([{ name: 'EC' }]);
    windows.on('listKeys csp', () => answer(0x8009001d));
    await expectError(connection.containers(), 'ERR_NOT_SUPPORTED');
    // What the KSP lists does not depend on the CSP.
    expect(await connection.signDigest('EC', ECDSA, DIGEST, { pin: card.pin })).toHaveLength(64);
    windows.on('listKeys ksp', () => answer(0x80090019));
    await expectError(connection.containers(), 'ERR_NOT_SUPPORTED');
  });
});

describe('the PIN', () => {
  it('of a call is for that call, and counts when it is wrong', async () => {
    const windows = await WindowsCard.open();
    const { connection, card } = windows;
    const { pin } = card;
    await connection.createContainer(EC, { pin });
    await expectError(connection.signDigest('EC', ECDSA, DIGEST, {}), 'ERR_PIN_REQUIRED');
    for (let left = 4; left >= 0; left--) {
      const wrong = connection.signDigest('EC', ECDSA, DIGEST, { pin: otherPin(pin) });
      const error = await expectError(wrong, 'ERR_PIN_INCORRECT');
      expect(error).toMatchObject({ triesLeft: left, hresult: 0x8010006b });
      expect(error.message).not.toContain(pin.toString());
    }
    await expectError(connection.signDigest('EC', ECDSA, DIGEST, { pin }), 'ERR_PIN_BLOCKED');
    windows.takeCalls();
    await expectError(connection.signDigest('EC', ECDSA, DIGEST, {}), 'ERR_PIN_REQUIRED');
    expect(windows.takeCalls()).toEqual([]);
  });

  it('that was verified is held until the log-in ends, and the card is not logged in', async () => {
    const { connection, card, handles } = await WindowsCard.open();
    const { pin } = card;
    await connection.createContainer(EC, { pin });
    const given = Buffer.from(pin);
    const verifying = connection.verifyPin(given);
    await verifying;
    given.fill(0);
    expect(card.vault.openAuthorizations).toBe(0);
    expect(handles.every(({ inTransaction }) => !inTransaction)).toBe(true);
    expect(await connection.signDigest('EC', ECDSA, DIGEST, {})).toHaveLength(64);
    // A PIN of a call does not replace it.
    await connection.signDigest('EC', ECDSA, DIGEST, { pin });
    expect(await connection.signDigest('EC', ECDSA, DIGEST, {})).toHaveLength(64);
    await connection.logout();
    await expectError(connection.signDigest('EC', ECDSA, DIGEST, {}), 'ERR_PIN_REQUIRED');
  });

  it('is forgotten with a wrong one, a PIN change, an unblocking, and once a call finds it wrong', async () => {
    const { connection, card } = await WindowsCard.open({}, new TestCard({ withPuk: true }));
    const { pin, puk } = card;
    if (!puk) throw new Error('no PUK');
    await connection.createContainer(EC, { pin });
    const sign = () => connection.signDigest('EC', ECDSA, DIGEST, {});
    await connection.verifyPin(pin);
    await expectError(connection.verifyPin(otherPin(pin)), 'ERR_PIN_INCORRECT');
    await expectError(sign(), 'ERR_PIN_REQUIRED');
    await connection.verifyPin(pin);
    const second = Buffer.from('another 1');
    await connection.changePin(pin, second);
    await expectError(sign(), 'ERR_PIN_REQUIRED');
    await connection.verifyPin(second);
    await connection.unblockWithPuk(puk, pin);
    await expectError(sign(), 'ERR_PIN_REQUIRED');
    await connection.verifyPin(pin);
    await card.connection().changePin(pin, second);
    const error = await expectError(sign(), 'ERR_PIN_INCORRECT');
    expect(error.triesLeft).toBe(4);
    await expectError(sign(), 'ERR_PIN_REQUIRED');
  });

  it('that is no text goes to the card by its own commands', async () => {
    const pin = Buffer.from([0, 255, 0, 128, 10, 13, 0, 0]);
    const windows = await WindowsCard.open({}, new TestCard({ pin }));
    const { connection } = windows;
    await connection.createContainer(EC, { pin });
    await connection.verifyPin(pin);
    const key = publicKeyObject(await connection.publicKey('EC'));
    const signature = await connection.signDigest('EC', ECDSA, DIGEST, {});
    expect(verify('sha256', DATA, { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
    await connection.deleteContainer('EC', {});
    expect(windows.takeCalls().filter((call) => !/^(list|read)/.test(call))).toEqual([]);
  });

  it('waits its turn: calls are carried out in order, and none after the close', async () => {
    const { connection, card } = await WindowsCard.open();
    const { pin } = card;
    const calls = [
      connection.verifyPin(pin),
      connection.createContainer(EC, {}),
      connection.signDigest('EC', ECDSA, DIGEST, {}),
      connection.logout(),
    ];
    const late = expectError(connection.signDigest('EC', ECDSA, DIGEST, {}), 'ERR_PIN_REQUIRED');
    const closing = connection.close();
    await expectError(connection.containers(), 'ERR_CLOSED');
    await Promise.all([...calls, late, closing]);
    expect((await calls[2]) as Buffer).toHaveLength(64);
  });
});

it('what Windows has no provider for is done by the card', async () => {
  const windows = await WindowsCard.open();
  const { connection, card } = windows;
  const { pin } = card;
  await connection.createContainer(EC, { pin });
  await connection.createContainer(RSA, { pin });
  windows.takeCalls();
  await connection.setDefaultContainer('RSA', { pin });
  expect(windows.takeCalls()).toEqual([]);
  const containers = await connection.containers();
  expect(containers.map(({ name, isDefault }) => [name, isDefault])).toEqual([
    ['EC', false],
    ['RSA', true],
  ]);
  expect(await connection.pukTries()).toBeUndefined();
  expect(await connection.info()).toMatchObject({ state: 'ready', containerCount: 2 });
});

it.each([
  ['Microsoft Base Smart Card Crypto Provider', 'csp'],
  ['Microsoft Smart Card Key Storage Provider', 'ksp'],
  [undefined, 'ksp'],
] as const)('an INF with the provider %s gets its key from the %s', async (name, provider) => {
  const windows = await WindowsCard.open();
  const { addon, card, backend, instanceId } = windows;
  const line = name ? `ProviderName = "${name}"\n` : '';
  const inf = `[NewRequest]\nSubject = "CN=Jo"\nRequestType = Cert\nKeyContainer = "Jo"\nKeyLength = 1024\n${line}`;
  const pin = Buffer.from(card.pin);
  const opened = await VirtualSmartCardManager.over(backend).card(instanceId);
  const certificate = await opened.enroll(inf, { pin });
  expect(certificate.x509.verify(certificate.x509.publicKey)).toBe(true);
  expect(windows.takeCalls()).toContain(`createKey ${provider} Jo`);
  expect(addon.stored).toMatchObject([{ certificate: certificate.der, provider, keySpec: 1 }]);
});
