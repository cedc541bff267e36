import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { GidsCardConnection } from '../../../lib/gids/card-connection.js';
import { emptyCardState } from '../../../lib/gids/card-state.js';
import { encryptTripleDes } from '../../../lib/gids/triple-des.js';
import { RecordingChannel, randomPin, TestCard } from '../../support/gids-card.js';

let card: TestCard;
let connection: GidsCardConnection;
const withPin = () => ({ pin: card.pin });
const ec = (name: string) => ({ name, algorithm: 'EC-P256', keySpec: 'signature' }) as const;

beforeEach(() => {
  card = new TestCard();
  connection = card.connection();
});

function code(error: unknown): unknown {
  return (error as { code?: unknown }).code;
}

describe('PIN, PUK and admin key', () => {
  const wrong = Buffer.from('no such pin');

  it('counts wrong PINs, and a right one starts again', async () => {
    expect(await connection.pinTries()).toEqual({ left: 5, max: 5 });
    for (const triesLeft of [4, 3, 2, 1]) {
      await expect(connection.verifyPin(wrong)).rejects.toMatchObject({
        code: 'ERR_PIN_INCORRECT',
        triesLeft,
        statusWord: 0x63c0 | triesLeft,
      });
    }
    await connection.verifyPin(card.pin);
    expect(await connection.pinTries()).toEqual({ left: 5, max: 5 });
  });

  it('is blocked after five', async () => {
    for (let time = 0; time < 4; time++) await connection.verifyPin(wrong).catch(code);
    await expect(connection.verifyPin(wrong)).rejects.toMatchObject({
      code: 'ERR_PIN_INCORRECT',
      triesLeft: 0,
    });
    for (const pin of [wrong, card.pin]) {
      await expect(connection.verifyPin(pin)).rejects.toMatchObject({
        code: 'ERR_PIN_BLOCKED',
        statusWord: 0x6983,
      });
    }
    await expect(connection.changePin(card.pin, randomPin(8))).rejects.toMatchObject({
      code: 'ERR_PIN_BLOCKED',
    });
    expect(await connection.pinTries()).toEqual({ left: 0, max: 5 });
  });

  it('is needed, and its absence costs nothing', async () => {
    const recording = new RecordingChannel(card.channel());
    const recorded = card.connection(recording);
    await expect(recorded.createContainer(ec('x'), {})).rejects.toMatchObject({
      code: 'ERR_PIN_REQUIRED',
    });
    expect(recording.commands).toEqual([]);
    expect(await connection.pinTries()).toEqual({ left: 5, max: 5 });
  });

  it('given with a call holds for that call; logged in, it stays', async () => {
    await connection.createContainer(ec('x'), withPin());
    const scheme = { type: 'ecdsa', hash: 'SHA256' } as const;
    const sign = (options: object) =>
      connection.signDigest('x', scheme, randomBytes(32), options).then(() => 'signed', code);
    expect(await sign({})).toBe('ERR_PIN_REQUIRED');
    expect(card.vault.openAuthorizations).toBe(0);
    await connection.verifyPin(card.pin);
    expect(await sign(withPin())).toBe('signed');
    expect(await sign({})).toBe('signed');
    await connection.logout();
    expect(await sign({})).toBe('ERR_PIN_REQUIRED');
    expect(card.vault.openAuthorizations).toBe(0);
  });

  it('is logged out when the call that brought it fails', async () => {
    await expect(connection.deleteContainer('none', withPin())).rejects.toMatchObject({
      code: 'ERR_CONTAINER_NOT_FOUND',
    });
    expect(card.vault.openAuthorizations).toBe(0);
  });

  it('is not tried on a card without a file system', async () => {
    card.vault.state = emptyCardState();
    await expect(connection.createContainer(ec('x'), { pin: randomPin(8) })).rejects.toMatchObject({
      code: 'ERR_CARD_NOT_INITIALIZED',
    });
    expect(await connection.pinTries()).toEqual({ left: 5, max: 5 });
  });

  it('a wrong name or certificate costs no try', async () => {
    const scheme = { type: 'ecdsa', hash: 'SHA256' } as const;
    await expect(
      connection.signDigest('none', scheme, randomBytes(32), { pin: wrong }),
    ).rejects.toMatchObject({ code: 'ERR_CONTAINER_NOT_FOUND' });
    expect(await connection.pinTries()).toEqual({ left: 5, max: 5 });
  });

  it('changes, logs out, and old and new are never mixed up', async () => {
    const newPin = randomPin(6);
    const tooLong = Buffer.concat([card.pin, Buffer.from('0')]);
    await expect(connection.changePin(tooLong, newPin)).rejects.toMatchObject({
      code: 'ERR_PIN_INCORRECT',
      triesLeft: 4,
    });
    await connection.verifyPin(card.pin);
    await connection.changePin(card.pin, newPin);
    await expect(connection.createContainer(ec('x'), {})).rejects.toMatchObject({
      code: 'ERR_PIN_REQUIRED',
    });
    await connection.verifyPin(newPin);
    await expect(connection.verifyPin(card.pin)).rejects.toMatchObject({
      code: 'ERR_PIN_INCORRECT',
    });
  });

  it('refuses a new PIN against the policy, and stays as it was', async () => {
    await connection.verifyPin(card.pin);
    await expect(connection.changePin(card.pin, randomPin(3))).rejects.toMatchObject({
      code: 'ERR_PIN_POLICY',
    });
    await connection.createContainer(ec('still logged in'), {});
    await connection.logout();
    await expect(connection.changePin(card.pin, randomPin(3))).rejects.toMatchObject({
      code: 'ERR_PIN_POLICY',
    });
    expect(card.vault.openAuthorizations).toBe(0);
  });

  it('is unblocked by the PUK on a card that has one', async () => {
    expect(await connection.pukTries()).toBeUndefined();
    await expect(connection.unblockWithPuk(randomPin(8), randomPin(8))).rejects.toMatchObject({
      code: 'ERR_PUK_NOT_SET',
    });
    card = new TestCard({ withPuk: true });
    connection = card.connection();
    const puk = card.puk ?? Buffer.alloc(0);
    for (let time = 0; time < 5; time++) await connection.verifyPin(wrong).catch(code);
    const newPin = randomPin(7);
    await expect(connection.unblockWithPuk(randomPin(10), newPin)).rejects.toMatchObject({
      code: 'ERR_PUK_INCORRECT',
      triesLeft: 4,
    });
    expect(await connection.pukTries()).toEqual({ left: 4, max: 5 });
    await expect(connection.unblockWithPuk(puk, randomPin(2))).rejects.toMatchObject({
      code: 'ERR_PIN_POLICY',
    });
    await connection.unblockWithPuk(puk, newPin);
    expect(card.vault.openAuthorizations).toBe(0);
    expect(await connection.pukTries()).toEqual({ left: 5, max: 5 });
    await connection.verifyPin(newPin);
  });

  it('tells when a PUK that is too long was cut in two by the card', async () => {
    card = new TestCard({ withPuk: true });
    connection = card.connection();
    const puk = card.puk ?? Buffer.alloc(0);
    const newPin = randomPin(7);
    const tooLong = Buffer.concat([puk, Buffer.from('0')]);
    await expect(connection.unblockWithPuk(tooLong, newPin)).rejects.toMatchObject({
      code: 'ERR_PUK_INCORRECT',
    });
    await connection.unblockWithPuk(puk, newPin);
    await connection.verifyPin(newPin);
  });

  it('blocks the PUK after five', async () => {
    card = new TestCard({ withPuk: true });
    connection = card.connection();
    for (let time = 0; time < 5; time++) {
      await connection.unblockWithPuk(randomPin(10), randomPin(8)).catch(code);
    }
    expect(await connection.pukTries()).toEqual({ left: 0, max: 5 });
    await expect(connection.unblockWithPuk(randomPin(10), randomPin(8))).rejects.toMatchObject({
      code: 'ERR_PUK_BLOCKED',
    });
  });

  const respond = (key: Uint8Array) => async (challenge: Uint8Array) =>
    encryptTripleDes(key, challenge);

  it('is reset by the admin, who can then do no more', async () => {
    const newPin = randomPin(9);
    for (let time = 0; time < 5; time++) await connection.verifyPin(wrong).catch(code);
    await connection.asAdmin(respond(card.adminKey), { resetPin: newPin });
    await connection.verifyPin(newPin);
    expect(await connection.pinTries()).toEqual({ left: 5, max: 5 });
    await connection.asAdmin(respond(card.adminKey), { authenticateOnly: true });
    await expect(connection.createContainer(ec('x'), {})).rejects.toMatchObject({
      code: 'ERR_PIN_REQUIRED',
    });
  });

  it('ends the admin authentication when the action is done or fails', async () => {
    const channel = card.channel();
    const admin = card.connection(channel);
    const resetPin = Buffer.concat([Buffer.from('002c028006', 'hex'), randomPin(6)]);
    await admin.asAdmin(respond(card.adminKey), { authenticateOnly: true });
    expect((await channel.transmit(resetPin)).toString('hex')).toBe('6982');
    await expect(
      admin.asAdmin(respond(card.adminKey), { resetPin: randomPin(2) }),
    ).rejects.toMatchObject({ code: 'ERR_PIN_POLICY' });
    expect((await channel.transmit(resetPin)).toString('hex')).toBe('6982');
  });

  it('refuses a wrong response, and changes the admin key', async () => {
    const action = { authenticateOnly: true } as const;
    await expect(connection.asAdmin(respond(randomBytes(24)), action)).rejects.toMatchObject({
      code: 'ERR_ADMIN_KEY_INCORRECT',
    });
    await expect(connection.asAdmin(async () => Buffer.alloc(7), action)).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      parameter: 'response',
    });
    const newKey = randomBytes(24);
    await connection.asAdmin(respond(card.adminKey), { setAdminKey: newKey });
    await connection.asAdmin(respond(newKey), action);
    await expect(connection.asAdmin(respond(card.adminKey), action)).rejects.toMatchObject({
      code: 'ERR_ADMIN_KEY_INCORRECT',
    });
  });

  it('passes a failing responder on', async () => {
    const failure = new Error('the vault is down');
    const fail = async () => {
      throw failure;
    };
    await expect(connection.asAdmin(fail, { authenticateOnly: true })).rejects.toBe(failure);
    await connection.verifyPin(card.pin);
  });

  it('cannot be reset by the admin on a card with a PUK', async () => {
    card = new TestCard({ withPuk: true });
    connection = card.connection();
    await expect(
      connection.asAdmin(respond(card.adminKey), { resetPin: randomPin(8) }),
    ).rejects.toMatchObject({ code: 'ERR_ADMIN_RESET_NOT_ALLOWED' });
  });

  it('leaves no PIN, PUK or key in the command buffers', async () => {
    card = new TestCard({ withPuk: true });
    const recording = new RecordingChannel(card.channel());
    const recorded = card.connection(recording);
    const [pin, newPin, newKey] = [card.pin, randomPin(6), randomBytes(24)];
    await recorded.verifyPin(pin);
    await recorded.changePin(pin, newPin);
    await recorded.unblockWithPuk(card.puk ?? Buffer.alloc(0), pin);
    await recorded.asAdmin(respond(card.adminKey), { setAdminKey: newKey });
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });
    const spec = { name: 'x', privateKey: pkcs8, keySpec: 'signature' } as const;
    await recorded.importContainer(spec, { pin });
    const sent = recording.commands.join();
    const left = Buffer.concat(recording.buffers);
    const scalar = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
    for (const secret of [pin, newPin, card.puk ?? pin, newKey, scalar]) {
      expect(sent).toContain(secret.toString('hex'));
      expect(left.includes(secret)).toBe(false);
    }
  });
});
