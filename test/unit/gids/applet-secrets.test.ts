import { constants, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { generalAuthenticate } from '../../../lib/gids/applet/admin-authentication.js';
import { ResponseQueue } from '../../../lib/gids/applet/response-queue.js';
import { Session } from '../../../lib/gids/applet/session.js';
import { GidsApplet } from '../../../lib/gids/applet.js';
import type { KeyPair } from '../../../lib/gids/card-state.js';
import type { Authorization, ImportedPrivateKey } from '../../../lib/gids/card-vault.js';
import { generateFileSystem } from '../../../lib/gids/files.js';
import { decodeTlv, decodeTlvs, encodeTlv, findTlv } from '../../../lib/gids/tlv.js';
import { encryptTripleDes } from '../../../lib/gids/triple-des.js';
import { Turns } from '../../../lib/turns.js';
import {
  type AppletCard,
  apdu,
  authenticateAdmin,
  bytes,
  createKeyFile,
  hex,
  login,
  randomPin,
  sendChained,
  sendTo,
} from '../../support/applet-card.js';
import { MemoryVault } from '../../support/memory-vault.js';

/** Keeps what the applet handed over, to look whether it was wiped afterwards. */
class WatchingVault extends MemoryVault {
  readonly seen: Uint8Array[] = [];

  #see(...values: Uint8Array[]): void {
    for (const value of values) {
      expect(value.some((byte) => byte !== 0)).toBe(true);
      this.seen.push(value);
    }
  }

  override verifyPin(pin: Uint8Array) {
    this.#see(pin);
    return super.verifyPin(pin);
  }

  override setFirstPin(pin: Uint8Array) {
    this.#see(pin);
    return super.setFirstPin(pin);
  }

  override changePin(oldPin: Uint8Array, newPin: Uint8Array) {
    this.#see(oldPin, newPin);
    return super.changePin(oldPin, newPin);
  }

  override resetPinByPuk(puk: Uint8Array, newPin: Uint8Array) {
    this.#see(puk, newPin);
    return super.resetPinByPuk(puk, newPin);
  }

  override resetPinByAdmin(newPin: Uint8Array) {
    this.#see(newPin);
    return super.resetPinByAdmin(newPin);
  }

  override setAdminKey(key: Uint8Array) {
    this.#see(key);
    return super.setAdminKey(key);
  }

  override importKey(algorithm: number, key: ImportedPrivateKey, authorization: Authorization) {
    this.#see(key.type === 'rsa' ? key.prime1 : key.scalar);
    return super.importKey(algorithm, key, authorization);
  }

  override async rsaPrivate(key: KeyPair, input: Uint8Array, authorization: Authorization) {
    const output = await super.rsaPrivate(key, input, authorization);
    this.#see(output);
    return output;
  }
}

let vault: WatchingVault;
let card: AppletCard;

function make(options: { puk?: boolean; blank?: boolean } = {}): void {
  const [pin, puk, adminKey] = [randomPin(), randomPin(10), randomBytes(24)];
  vault = new WatchingVault({
    pin,
    adminKey,
    ...(options.puk && { puk }),
    ...(!options.blank && { state: generateFileSystem(randomBytes(16)) }),
  });
  const turns = new Turns();
  const applet = new GidsApplet(vault, turns);
  const connect = () => new GidsApplet(vault, turns);
  const send = (command: string) => sendTo(applet, command);
  card = { vault, turns, applet, pin, puk, adminKey, send, connect };
}

function expectWiped(count: number): void {
  expect(vault.seen).toHaveLength(count);
  for (const secret of vault.seen) expect(hex(secret)).toBe('00'.repeat(secret.length));
}

beforeEach(() => make());

describe('the applet wipes', () => {
  it('a PIN, right or wrong, in one part or several', async () => {
    await login(card);
    expect(await card.send(apdu('00200080', randomPin()))).toBe('63C4');
    expect(await sendChained(card.applet, '200080', card.pin, { block: 3 })).toBe('9000');
    expectWiped(3);
  });

  it('PINs and PUK of a change and of a reset', async () => {
    make({ puk: true });
    const pin = randomPin();
    expect(await card.send(apdu('00240080', Buffer.concat([card.pin, pin])))).toBe('9000');
    expect(await card.send(apdu('002C0080', Buffer.concat([card.puk, pin])))).toBe('9000');
    expectWiped(4);
  });

  it('a PIN when the vault fails', async () => {
    vault.tpmFailure = new Error('test');
    expect(await card.send(apdu('00200080', card.pin))).toBe('6400');
    expectWiped(1);
  });

  it('the first PIN', async () => {
    make({ blank: true });
    expect(await card.send(apdu('00240180', randomPin()))).toBe('9000');
    expectWiped(1);
  });

  it('what the administrator sends', async () => {
    await authenticateAdmin(card);
    expect(await card.send(apdu('002C0280', randomPin()))).toBe('9000');
    expect(await card.send(`00DB3FFF217 01F840180A51A8718${hex(randomBytes(24))}`)).toBe('9000');
    expectWiped(2);
  });

  it('an imported key', async () => {
    await login(card);
    expect(await card.send(createKeyFile(0x81, 0x0c, { decrypt: [], sign: [0x10] }))).toBe('9000');
    const scalar = encodeTlv(0x04, randomBytes(31));
    const key = encodeTlv(0x30, encodeTlv(0x02, bytes('01')), scalar);
    const value = encodeTlv(0xa5, encodeTlv(0x87, key));
    const object = encodeTlv(0x70, encodeTlv(0x84, bytes('81')), value);
    expect(await sendChained(card.applet, 'DB3FFF', object, { block: 20 })).toBe('9000');
    expectWiped(2);
  });

  it.each([
    ['at once', '00'],
    ['by GET RESPONSE', '05'],
  ])('the block and the plaintext of a decryption fetched %s', async (_what, le) => {
    await login(card);
    expect(await card.send(createKeyFile(0x81, 0x06, { decrypt: [0x40], sign: [] }))).toBe('9000');
    expect(await card.send('00440000')).toBe('9000');
    const answer = await card.send('0047000008AC0680010683018100');
    const objects = decodeTlvs(decodeTlv(0x7f49, bytes(answer.slice(0, -4))));
    const base64 = (tag: number) => Buffer.from(findTlv(objects, tag) ?? []).toString('base64url');
    const jwk = { kty: 'RSA', n: base64(0x81), e: base64(0x82) };
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    const cryptogram = publicEncrypt(
      { key, padding: constants.RSA_PKCS1_PADDING },
      randomBytes(10),
    );
    expect(await card.send('002241B806800146840181')).toBe('9000');
    expect(await card.send(apdu('002A8086', cryptogram, le))).toMatch(/(9000|6105)$/);
    expectWiped(2);
  });

  it('the parts of an answer as they are fetched, and what is not fetched', () => {
    const responses = new ResponseQueue();
    const data = Buffer.from('secret plaintext');
    expect(hex(responses.respond(data, 6))).toBe(`${hex(Buffer.from('secret'))}610A`);
    expect(data.toString()).toBe(`${'\0'.repeat(6)} plaintext`);
    expect(hex(responses.next(4))).toBe(`${hex(Buffer.from(' pla'))}6106`);
    expect(data.toString()).toBe(`${'\0'.repeat(10)}intext`);
    responses.clear();
    expect(hex(data)).toBe('00'.repeat(16));
    expect(responses.isEmpty).toBe(true);
    const whole = Buffer.from('secret');
    expect(hex(responses.respond(whole, 256))).toBe(`${hex(Buffer.from('secret'))}9000`);
    expect(hex(whole)).toBe('00'.repeat(6));
  });

  it('a challenge, met or not, or dropped', async () => {
    const session = new Session(vault);
    session.adminKeyChosen = true;
    const command = { cla: 0, ins: 0x87, p1: 0, p2: 0, le: 256, extended: false };
    const data = encodeTlv(0x7c, encodeTlv(0x82, randomBytes(40)));
    for (const end of [
      () => generalAuthenticate(session, { ...command, data }).catch(() => 'refused'),
      () => session.select(),
      () => session.logout(),
      () => session.setChallenge({ fromCard: randomBytes(16), fromHost: undefined }),
    ]) {
      const challenge = { fromCard: randomBytes(16), fromHost: randomBytes(16) };
      session.setChallenge(challenge);
      session.adminKeyChosen = true;
      await end();
      expect(hex(challenge.fromCard) + hex(challenge.fromHost)).toBe('00'.repeat(32));
    }
  });
});

describe('the caller', () => {
  it('may wipe its command as soon as transmit returned', async () => {
    const first = card.send(apdu('00200080', randomPin()));
    const command = bytes(apdu('00200080', card.pin));
    const second = card.applet.transmit(command);
    command.fill(0);
    expect(await first).toBe('63C4');
    expect(hex(await second)).toBe('9000');
  });

  it('gets a response of its own memory', async () => {
    const response = await card.applet.transmit(bytes('00CBA010045C02DF2100'));
    response.fill(0xff);
    expect(response.buffer.byteLength).toBe(response.length);
    expect(await card.send('00CBA010045C02DF2100')).toBe('DF21086D736370000000009000');
  });
});

describe('a challenge', () => {
  const answerTo = (challenge: string) =>
    `008700000C7C0A8208${hex(encryptTripleDes(card.adminKey, bytes(challenge.slice(8, 24))))}`;

  it('counts once', async () => {
    expect(await card.send('0022C1A403830180')).toBe('9000');
    const right = answerTo(await card.send('00870000047C02810000'));
    expect(await card.send(right)).toBe('9000');
    expect(await card.send(right)).toBe('6985');
  });

  it('is spent by a wrong response, which ends an earlier authentication too', async () => {
    await authenticateAdmin(card);
    const right = answerTo(await card.send('00870000047C02810000'));
    expect(await card.send(`008700000C7C0A8208${hex(randomBytes(8))}`)).toBe('6982');
    expect(await card.send(right)).toBe('6985');
    expect(await card.send(apdu('002C0280', randomPin()))).toBe('6982');
  });

  it('is new each time', async () => {
    expect(await card.send('0022C1A403830180')).toBe('9000');
    const challenges = new Set<string>();
    for (let round = 0; round < 100; round++) {
      challenges.add(await card.send('00870000047C02810000'));
    }
    expect(challenges.size).toBe(100);
  });

  it.each([
    ['a newer one', '00870000047C02810000'],
    ['SELECT', '00A4040C09A00000039742544659'],
    ['MSE SET', '0022C1A403830180'],
    ['logout', '00200082'],
  ])('ends with %s', async (_what, command) => {
    expect(await card.send('0022C1A403830180')).toBe('9000');
    const right = answerTo(await card.send('00870000047C02810000'));
    expect(await card.send(command)).toMatch(/9000$/);
    expect(await card.send('0022C1A403830180')).toBe('9000');
    expect(await card.send(right)).toMatch(/^698[25]$/);
    expect(await card.send(apdu('002C0280', randomPin()))).toBe('6982');
  });

  it.each([
    ['without MSE SET', [], '00870000047C02810000', '6985'],
    ['of an odd length', ['0022C1A403830180'], '00870000057C03810112 00', '6A80'],
    ['for another key', [], '0022C1A403830181', '6A88'],
    ['with another P1', ['0022C1A403830180'], '00870100047C02810000', '6A86'],
    ['with two objects', ['0022C1A403830180'], '00870000067C0481008200 00', '6A80'],
    ['with an unknown object', ['0022C1A403830180'], '00870000047C02830000', '6A80'],
    ['with no template', ['0022C1A403830180'], '00870000028100 00', '6A80'],
  ])('is not given %s', async (_what, before, command, answer) => {
    for (const each of before) expect(await card.send(each)).toBe('9000');
    expect(await card.send(command)).toBe(answer);
  });

  it('for both is not met by a reflection, a wrong padding or another length', async () => {
    const ours = randomBytes(16);
    const begin = async () => {
      expect(await card.send('0022C1A403830180')).toBe('9000');
      const first = await card.send(`00870000147C128110${hex(ours)}00`);
      return bytes(first.slice(8, 40));
    };
    const attempt = (plain: Buffer) => {
      const response = encryptTripleDes(card.adminKey, plain);
      return card.send(apdu('00870000', encodeTlv(0x7c, encodeTlv(0x82, response)), '00'));
    };
    const tail = Buffer.concat([randomBytes(7), bytes('80')]);
    expect(await attempt(Buffer.concat([await begin(), ours, randomBytes(7), bytes('81')]))).toBe(
      '6982',
    );
    expect(await attempt(Buffer.concat([ours, await begin(), tail]))).toBe('6982');
    expect(await attempt(Buffer.concat([await begin(), ours]))).toBe('6982');
    expect(await attempt((await begin()).subarray(0, 8))).toBe('6982');
    expect(await card.send(apdu('002C0280', randomPin()))).toBe('6982');
    expect(await attempt(Buffer.concat([await begin(), ours, tail]))).toMatch(/9000$/);
  });
});
