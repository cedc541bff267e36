import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { VirtualSmartCardError } from '../../../lib/errors.js';
import { GidsClient } from '../../../lib/gids/client.js';
import { keyBits } from '../../../lib/gids/public-key.js';
import { hasStatusWord } from '../../../lib/gids/status-error.js';
import { encodeTlv } from '../../../lib/gids/tlv.js';
import { encryptTripleDes, keyCheckValue } from '../../../lib/gids/triple-des.js';
import { ScriptedChannel, TestCard } from '../../support/gids-card.js';

const SELECT = '00a4040009a0000003974254465900';
const SELECTED = '61124f0ba00000039742544659020173034001c09000';
const PIN = Buffer.from('87654321');

function scripted(...answers: (string | Error)[]) {
  const channel = new ScriptedChannel(SELECTED, ...answers);
  return { channel, client: new GidsClient(channel) };
}

/** The error that a promise rejects with. */
async function failureOf(promise: Promise<unknown>): Promise<Record<string, unknown>> {
  const error = await promise.then(
    () => undefined,
    (each: unknown) => each,
  );
  expect(error).toBeInstanceOf(VirtualSmartCardError);
  return error as Record<string, unknown>;
}

describe('commands', () => {
  it('select the application once, and again after a reset', async () => {
    const { channel, client } = scripted('9000', '9000', SELECTED, '9000');
    await client.logOut();
    await client.logOut();
    await client.reset();
    await client.logOut();
    expect(channel.commands).toEqual([SELECT, '00200082', '00200082', SELECT, '00200082']);
    expect(channel.resets).toBe(1);
  });

  it('are those of the card edge', async () => {
    const { channel, client } = scripted(...Array.from({ length: 7 }, () => '9000'));
    await client.verifyPin(PIN);
    await client.changePin(PIN, Buffer.from('1234'));
    await client.resetPinByPuk(Buffer.from('12345678'), PIN);
    await client.resetPinByAdmin(PIN);
    await client.writeObject(0xa010, 0xdf22, Buffer.from('010203040506', 'hex'));
    await client.keys.generate({ reference: 0x83, algorithm: 7 });
    expect(channel.commands.slice(1)).toEqual([
      '00200080083837363534333231',
      '002400800c383736353433323131323334',
      '002c00801031323334353637383837363534333231',
      '002c0280083837363534333231',
      '00dba01009df2206010203040506',
      '0047000008ac0680010783018300',
    ]);
  });

  it('read tries left without a try', async () => {
    const { channel, client } = scripted('7f7106970103930105' + '9000', '6a88');
    expect(await client.pinTries()).toEqual({ left: 3, max: 5 });
    expect(await client.pukTries()).toBeUndefined();
    expect(channel.commands.slice(1)).toEqual(['00cb3fff045c027f7100', '00cb3fff045c027f7300']);
  });

  it('authenticate the admin externally and set the admin key with its check value', async () => {
    const [key, newKey] = [randomBytes(24), randomBytes(24)];
    const challenge = randomBytes(8);
    const { channel, client } = scripted(
      '9000',
      `7c0a8108${challenge.toString('hex')}9000`,
      '9000',
      '9000',
    );
    await client.answerAdminChallenge(encryptTripleDes(key, await client.adminChallenge()));
    await client.setAdminKey(newKey);
    expect(channel.commands.slice(1)).toEqual([
      '0022c1a403830180',
      '00870000047c02810000',
      `008700000c7c0a8208${encryptTripleDes(key, challenge).toString('hex')}`,
      `00db3fff267024840180a51f8718${newKey.toString('hex')}8803${keyCheckValue(newKey).toString('hex')}`,
    ]);
  });

  it('send long data in a chain of short commands', async () => {
    const { channel, client } = scripted('9000', '9000', '9000');
    const content = randomBytes(600);
    await client.writeObject(0xa010, 0xdf24, content);
    const [, first, second, third] = channel.commands;
    const object = Buffer.concat([Buffer.from('df24820258', 'hex'), content]).toString('hex');
    expect(first).toBe(`10dba010ff${object.slice(0, 510)}`);
    expect(second).toBe(`10dba010ff${object.slice(510, 1020)}`);
    expect(third).toBe(`00dba0105f${object.slice(1020)}`);
  });

  it('stop a chain that the card refuses, and end it for cards that wait for its rest', async () => {
    const { channel, client } = scripted('9000', '6982', '6984');
    const error = await failureOf(client.writeObject(0xa010, 0xdf24, randomBytes(600)));
    expect(error).toMatchObject({ code: 'ERR_PIN_REQUIRED', statusWord: 0x6982 });
    expect(channel.commands.length).toBe(4);
    expect(channel.commands[3]).toBe('00dba010');
  });

  it('say no more of a chain on a channel that broke', async () => {
    const { channel, client } = scripted(new Error('gone'));
    const error = await failureOf(client.writeObject(0xa010, 0xdf24, randomBytes(600)));
    expect(error).toMatchObject({ code: 'ERR_CARD_COMMAND' });
    expect(channel.commands.length).toBe(2);
  });

  it('put a long answer together', async () => {
    const content = randomBytes(700);
    const object = Buffer.concat([Buffer.from('df238202bc', 'hex'), content]).toString('hex');
    const { channel, client } = scripted(
      `${object.slice(0, 512)}6100`,
      `${object.slice(512, 1024)}61c1`,
      `${object.slice(1024)}9000`,
    );
    expect(await client.readObject(0xa010, 0xdf23)).toEqual(content);
    expect(channel.commands.slice(1)).toEqual(['00cba010045c02df2300', '00c0000000', '00c00000c1']);
  });

  it('ask again with the length that the card names', async () => {
    const { channel, client } = scripted('6c08', 'df2203aabbcc9000');
    expect(await client.readObject(0xa010, 0xdf22)).toEqual(Buffer.from('aabbcc', 'hex'));
    expect(channel.commands.slice(1)).toEqual(['00cba010045c02df2200', '00cba010045c02df2208']);
  });
});

describe('answers that cannot be', () => {
  it.each([
    ['nothing', ['']],
    ['one byte', ['90']],
    ['more data without any', ['6110', '6110', '6110', '6110']],
    ['another object', ['df2303aabbcc9000']],
    ['an object cut short', ['df2204aabbcc9000']],
    ['bytes behind the object', ['df2201aabbcc9000']],
  ])('are an error and no endless loop: %s', async (_what, answers) => {
    const { client } = scripted(...answers);
    const error = await failureOf(client.readObject(0xa010, 0xdf22));
    expect(['ERR_CARD_RESPONSE', 'ERR_CARD_COMMAND']).toContain(error['code']);
  });

  it('without end are cut off', async () => {
    const more = `${'00'.repeat(256)}6100`;
    const { channel, client } = scripted(...Array.from({ length: 2000 }, () => more));
    const error = await failureOf(client.readObject(0xa010, 0xdf22));
    expect(error).toMatchObject({ code: 'ERR_CARD_RESPONSE' });
    expect(channel.commands.length).toBeLessThan(1000);
  });

  it('are refused where a key, a challenge or tries are wanted', async () => {
    const reference = 0x81;
    for (const answer of ['7f4903810100', '7f4900', '7f49058603040102', '7f4906970103930105']) {
      const { client } = scripted(`${answer}9000`);
      const error = await failureOf(client.keys.readPublicKey(reference));
      expect(error).toMatchObject({ code: 'ERR_CARD_RESPONSE' });
    }
    const short = scripted('9000', '7c0481021122' + '9000');
    expect(await failureOf(short.client.adminChallenge())).toMatchObject({
      code: 'ERR_CARD_RESPONSE',
    });
    const tries = scripted('7f71039701039000');
    expect(await failureOf(tries.client.pinTries())).toMatchObject({ code: 'ERR_CARD_RESPONSE' });
  });
});

describe('status words', () => {
  const verify = (client: GidsClient) => client.verifyPin(PIN);
  const change = (client: GidsClient) => client.changePin(PIN, PIN);
  const byPuk = (client: GidsClient) => client.resetPinByPuk(PIN, PIN);
  const byAdmin = (client: GidsClient) => client.resetPinByAdmin(PIN);
  const read = (client: GidsClient) => client.readObject(0xa010, 0xdf23);
  const write = (client: GidsClient) => client.writeObject(0xa010, 0xdf23, PIN);
  const create = (client: GidsClient) =>
    client.keys.createFile({ reference: 0x81, algorithm: 7 }, 'sign');
  const generate = (client: GidsClient) => client.keys.generate({ reference: 0x81, algorithm: 7 });
  const load = (client: GidsClient) => client.keys.import(0x81, randomBytes(20));
  const choose = (client: GidsClient) => client.keys.sign(Buffer.from('00220000', 'hex'), PIN);
  const publicKey = (client: GidsClient) => client.keys.readPublicKey(0x81);

  it.each([
    ['VERIFY', verify, '63c3', { code: 'ERR_PIN_INCORRECT', triesLeft: 3 }],
    ['VERIFY', verify, '63c0', { code: 'ERR_PIN_INCORRECT', triesLeft: 0 }],
    ['VERIFY', verify, '6983', { code: 'ERR_PIN_BLOCKED' }],
    ['VERIFY', verify, '6581', { code: 'ERR_STATE_IO' }],
    ['CHANGE', change, '63c2', { code: 'ERR_PIN_INCORRECT', triesLeft: 2 }],
    ['CHANGE', change, '6a80', { code: 'ERR_PIN_POLICY' }],
    ['CHANGE', change, '6700', { code: 'ERR_PIN_POLICY' }],
    ['CHANGE', change, '6983', { code: 'ERR_PIN_BLOCKED' }],
    ['RESET by PUK', byPuk, '63c1', { code: 'ERR_PUK_INCORRECT', triesLeft: 1 }],
    ['RESET by PUK', byPuk, '6983', { code: 'ERR_PUK_BLOCKED' }],
    ['RESET by PUK', byPuk, '6a88', { code: 'ERR_PUK_NOT_SET' }],
    ['RESET by PUK', byPuk, '6a86', { code: 'ERR_PUK_NOT_SET' }],
    ['RESET by PUK', byPuk, '6a80', { code: 'ERR_PIN_POLICY' }],
    ['RESET by PUK', byPuk, '6700', { code: 'ERR_PIN_POLICY' }],
    ['RESET by admin', byAdmin, '6982', { code: 'ERR_ADMIN_KEY_INCORRECT' }],
    ['RESET by admin', byAdmin, '6700', { code: 'ERR_PIN_POLICY' }],
    ['RESET by admin', byAdmin, '6985', { code: 'ERR_ADMIN_RESET_NOT_ALLOWED' }],
    [
      'admin',
      (client: GidsClient) => client.adminChallenge(),
      '6984',
      { code: 'ERR_NOT_SUPPORTED' },
    ],
    ['GET DATA', read, '6a82', { code: 'ERR_CARD_NOT_INITIALIZED' }],
    ['PUT DATA', write, '6a84', { code: 'ERR_STATE_IO' }],
    ['PUT DATA', write, '6982', { code: 'ERR_PIN_REQUIRED' }],
    ['CREATE FILE', create, '6a81', { code: 'ERR_ALGORITHM_NOT_SUPPORTED' }],
    ['GENERATE', generate, '6a80', { code: 'ERR_ALGORITHM_NOT_SUPPORTED' }],
    ['GENERATE', generate, '6400', { code: 'ERR_CARD_COMMAND' }],
    ['import', load, '6984', { code: 'ERR_ALGORITHM_NOT_SUPPORTED' }],
    ['import', load, '6985', { code: 'ERR_KEY_IMPORT_NOT_ALLOWED' }],
    ['MSE', choose, '6a88', { code: 'ERR_CONTAINER_NOT_FOUND' }],
    ['MSE', choose, '6a80', { code: 'ERR_ALGORITHM_NOT_SUPPORTED' }],
    ['read key', publicKey, '6a88', { code: 'ERR_CONTAINER_NOT_FOUND' }],
    ['read key', publicKey, '6984', { code: 'ERR_CONTAINER_NOT_FOUND' }],
    ['read key', publicKey, '6f00', { code: 'ERR_CARD_COMMAND' }],
  ])('%s: %#', async (_name, call, statusWord, expected) => {
    const { client } = scripted(statusWord);
    const error = await failureOf(call(client) as Promise<unknown>);
    expect(error).toMatchObject({ ...expected, statusWord: Number.parseInt(statusWord, 16) });
    expect(hasStatusWord(error, Number.parseInt(statusWord, 16))).toBe(true);
  });

  it('of SELECT say that the card is another', async () => {
    const client = new GidsClient(new ScriptedChannel('6a82'));
    expect(await failureOf(client.logOut())).toMatchObject({ code: 'ERR_NOT_SUPPORTED' });
  });

  it('give way to the error that the channel knows', async () => {
    const { channel, client } = scripted('6983', '6400');
    const lockedOut = new VirtualSmartCardError('ERR_TPM_LOCKED_OUT', 'locked', {
      retryAfterMs: 1000,
    });
    channel.failure = lockedOut;
    const error = await client.verifyPin(PIN).catch((each: unknown) => each);
    expect(error).toBe(lockedOut);
    expect(error).toMatchObject({ statusWord: 0x6983, retryAfterMs: 1000 });
    channel.failure = new TypeError('a defect');
    expect(await failureOf(client.verifyPin(PIN))).toMatchObject({
      code: 'ERR_CARD_COMMAND',
      cause: { message: 'a defect' },
    });
  });

  it('name the word and not the data', async () => {
    const { client } = scripted('6f42');
    const error = await failureOf(client.verifyPin(PIN));
    expect(error['message']).toContain('6F42');
    expect(JSON.stringify(error)).not.toContain('87654321');
  });
});

describe('a channel that breaks', () => {
  it('makes a typed error with its cause', async () => {
    const broken = new Error('EPIPE');
    const { client } = scripted(broken);
    expect(await failureOf(client.verifyPin(PIN))).toMatchObject({
      code: 'ERR_CARD_COMMAND',
      cause: broken,
    });
  });

  it('passes a typed error on as it is', async () => {
    const closed = new VirtualSmartCardError('ERR_CLOSED', 'closed');
    const { client } = scripted(closed);
    await expect(client.verifyPin(PIN)).rejects.toBe(closed);
  });
});

describe('public keys', () => {
  it('lose the leading zeros that some cards send', async () => {
    const modulus = Buffer.concat([Buffer.from([0x00, 0x80]), randomBytes(127)]);
    const exponent = Buffer.from([0x00, 0x01, 0x00, 0x01]);
    const object = encodeTlv(0x7f49, encodeTlv(0x81, modulus), encodeTlv(0x82, exponent));
    const { client } = scripted(`${object.toString('hex')}9000`);
    const key = await client.keys.readPublicKey(0x81);
    expect(key).toMatchObject({ type: 'rsa', exponent: Uint8Array.of(1, 0, 1) });
    expect(keyBits(key)).toBe(1024);
  });
});

describe('on the applet', () => {
  it('a key file that is there already is made anew', async () => {
    const card = new TestCard();
    const client = new GidsClient(card.channel());
    await client.verifyPin(card.pin);
    const key = { reference: 0x85, algorithm: 0x0c };
    await client.keys.createFile(key, 'sign');
    await client.keys.generate(key);
    const first = await client.keys.readPublicKey(0x85);
    await client.keys.createFile(key, 'sign');
    await expect(client.keys.readPublicKey(0x85)).rejects.toMatchObject({
      code: 'ERR_CONTAINER_NOT_FOUND',
    });
    await client.keys.generate(key);
    expect(await client.keys.readPublicKey(0x85)).not.toEqual(first);
    await client.keys.deleteFile(0x85);
    await client.keys.deleteFile(0x85);
    expect(card.keyReferences).toEqual([]);
  });
});
