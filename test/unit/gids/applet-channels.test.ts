import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { VirtualSmartCardError } from '../../../lib/errors.js';
import { encryptTripleDes } from '../../../lib/gids/triple-des.js';
import {
  type AppletCard,
  apdu,
  appletCard,
  authenticateAdmin,
  bytes,
  createKeyFile,
  hex,
  login,
  randomPin,
  sendTo,
} from '../../support/applet-card.js';

const WRONG = 'FFFFFFFFFFFFFFFF';
const CHOOSE_KEY = '002241B60680011C840181';
const SIGN = `002A9E9A20${'5A'.repeat(32)}00`;

/** A card with one P-256 key, its first channel logged in. */
async function cardWithKey(options: Parameters<typeof appletCard>[0] = {}): Promise<AppletCard> {
  const card = appletCard(options);
  await login(card);
  const create = createKeyFile(0x81, 0x0c, { decrypt: [], sign: [0x10] });
  expect(await card.send(create)).toBe('9000');
  expect(await card.send('00440000')).toBe('9000');
  expect((await card.send('0047000008AC0680010C83018100')).slice(-4)).toBe('9000');
  expect(await card.send(CHOOSE_KEY)).toBe('9000');
  expect((await card.send(SIGN)).slice(-4)).toBe('9000');
  return card;
}

describe('wrong PINs', () => {
  it('block after five, whatever command brings them, and the PUK unblocks', async () => {
    const card = await cardWithKey({ puk: true });
    const change = apdu('00240080', Buffer.concat([bytes(WRONG), randomPin()]));
    expect(await card.send(apdu('00200080', WRONG))).toBe('63C4');
    expect(await card.send(change)).toBe('63C3');
    expect(await card.send(apdu('00200080', WRONG))).toBe('63C2');
    expect(await card.send(change)).toBe('63C1');
    expect(await card.send(apdu('00200080', WRONG))).toBe('63C0');
    expect(await card.send(apdu('00200080', card.pin))).toBe('6983');
    expect(await card.send('00200080')).toBe('6983');
    expect(await card.send('0020008003313233')).toBe('6983');
    expect(await card.send(apdu('00240080', Buffer.concat([card.pin, randomPin()])))).toBe('6983');
    expect(await card.send('00CB3FFF045C027F7100')).toBe('7F71069701009301059000');
    expect(await card.send(SIGN)).toBe('6982');

    const pin = randomPin();
    expect(await card.send(apdu('002C0080', Buffer.concat([card.puk, pin])))).toBe('9000');
    expect(await card.send('00200080')).toBe('63C5');
    expect(await card.send(apdu('00200080', pin))).toBe('9000');
    expect((await card.send(SIGN)).slice(-4)).toBe('9000');
  });

  it('unblocks by the admin key where there is no PUK', async () => {
    const card = await cardWithKey();
    for (let left = 4; left >= 0; left--) {
      expect(await card.send(apdu('00200080', WRONG))).toBe(`63C${left}`);
    }
    await authenticateAdmin(card);
    const pin = randomPin();
    expect(await card.send(apdu('002C0280', pin))).toBe('9000');
    expect(await card.send(SIGN)).toBe('6982');
    expect(await card.send(apdu('00200080', pin))).toBe('9000');
    expect((await card.send(SIGN)).slice(-4)).toBe('9000');
  });

  it('are forgotten after a right one', async () => {
    const card = appletCard();
    for (let round = 0; round < 3; round++) {
      for (let left = 4; left > 0; left--) {
        expect(await card.send(apdu('00200080', WRONG))).toBe(`63C${left}`);
      }
      expect(await card.send(apdu('00200080', card.pin))).toBe('9000');
    }
  });

  it('block the PUK for good', async () => {
    const card = appletCard({ puk: true });
    const pin = randomPin();
    const wrong = apdu('002C0080', Buffer.concat([Buffer.alloc(10, 0xff), pin]));
    for (let left = 4; left >= 0; left--) expect(await card.send(wrong)).toBe(`63C${left}`);
    expect(await card.send(apdu('002C0080', Buffer.concat([card.puk, pin])))).toBe('6983');
    expect(await card.send('00CB3FFF045C027F7300')).toBe('7F73069701009301059000');
    expect(await card.send(apdu('00200080', card.pin))).toBe('9000');
  });
});

describe('a verified PIN', () => {
  it.each([
    ['logout', (card: AppletCard) => card.send('00200082')],
    ['a wrong PIN', (card: AppletCard) => card.send(apdu('00200080', WRONG))],
    ['a PIN of illegal length', (card: AppletCard) => card.send('00200080023132')],
    ['reset', (card: AppletCard) => card.applet.reset()],
    [
      'a PIN change',
      (card: AppletCard) => card.send(apdu('00240080', Buffer.concat([card.pin, randomPin()]))),
    ],
    [
      'a failed PIN change',
      (card: AppletCard) => card.send(apdu('00240080', Buffer.concat([bytes(WRONG), randomPin()]))),
    ],
    [
      'a reset by the admin',
      async (card: AppletCard) => {
        await authenticateAdmin(card);
        expect(await card.send(apdu('002C0280', randomPin()))).toBe('9000');
      },
    ],
  ])('ends with %s, and its authorisation is released', async (_what, end) => {
    const card = await cardWithKey();
    const uses = card.vault.keyUses;
    await end(card);
    expect(card.vault.openAuthorizations).toBe(0);
    expect(await card.send(CHOOSE_KEY)).toBe('6982');
    expect(await card.send(SIGN)).toMatch(/^698[25]$/);
    expect(await card.send('00200080')).toMatch(/^63C/);
    expect(card.vault.keyUses).toBe(uses);
  });

  it('stays through SELECT of the application, which drops the rest', async () => {
    const card = await cardWithKey();
    expect(await card.send('00A4040C09A00000039742544659')).toBe('9000');
    expect(await card.send('00200080')).toBe('9000');
    expect(await card.send(SIGN)).toBe('6985');
  });

  it('verified once more replaces the authorisation', async () => {
    const card = await cardWithKey();
    expect(await card.send(apdu('00200080', card.pin))).toBe('9000');
    expect(card.vault.openAuthorizations).toBe(1);
    expect((await card.send(SIGN)).slice(-4)).toBe('9000');
  });
});

describe('two channels to one card', () => {
  it('have a PIN state and a security environment of their own', async () => {
    const card = await cardWithKey();
    const other = card.connect();
    expect(await sendTo(other, '00200080')).toBe('63C5');
    expect(await sendTo(other, CHOOSE_KEY)).toBe('6982');
    expect(await sendTo(other, SIGN)).toBe('6985');
    expect(await sendTo(other, apdu('00200080', card.pin))).toBe('9000');
    expect(await sendTo(other, SIGN)).toBe('6985');
    expect(await sendTo(other, '00200082')).toBe('9000');
    expect((await card.send(SIGN)).slice(-4)).toBe('9000');
  });

  it('have a current file, a chain and a challenge of their own', async () => {
    const card = appletCard();
    const other = card.connect();
    expect(await card.send('0022C1A403830180')).toBe('9000');
    const challenge = bytes((await card.send('00870000047C02810000')).slice(8, 24));
    const response = `008700000C7C0A8208${hex(encryptTripleDes(card.adminKey, challenge))}`;
    expect(await sendTo(other, response)).toBe('6985');
    expect(await sendTo(other, '0022C1A403830180')).toBe('9000');
    expect(await sendTo(other, response)).toBe('6985');
    expect(await card.send(response)).toBe('9000');
    expect(await sendTo(other, apdu('002C0280', randomPin()))).toBe('6982');
    expect(await card.send('10CBA010025C02')).toBe('9000');
    expect(await sendTo(other, '00CBA01002DF2100')).toBe('6A80');
    expect(await card.send('00CBA01002DF2100')).toBe('DF21086D736370000000009000');
  });

  it.each([
    [
      'changes the PIN',
      (card: AppletCard) => apdu('00240080', Buffer.concat([card.pin, randomPin()])),
    ],
    [
      'resets it by the PUK',
      (card: AppletCard) => apdu('002C0080', Buffer.concat([card.puk, randomPin()])),
    ],
  ])('lock each other when one %s', async (_what, command) => {
    const card = await cardWithKey({ puk: true });
    const uses = card.vault.keyUses;
    expect(await sendTo(card.connect(), command(card))).toBe('9000');
    expect(await card.send('00200080')).toBe('63C5');
    expect(await card.send(SIGN)).toBe('6982');
    expect(card.vault.keyUses).toBe(uses);
  });

  it('lock each other when one blocks the card', async () => {
    const card = await cardWithKey();
    const other = card.connect();
    for (let left = 4; left >= 0; left--) {
      expect(await sendTo(other, apdu('00200080', WRONG))).toBe(`63C${left}`);
    }
    expect(await card.send(SIGN)).toBe('6982');
  });

  it('see each other change the files, and a key that was replaced under them', async () => {
    const card = await cardWithKey();
    const other = card.connect();
    expect(await sendTo(other, apdu('00200080', card.pin))).toBe('9000');
    expect(await sendTo(other, '00E4000002B081')).toBe('9000');
    expect(await card.send(SIGN)).toBe('6A88');
  });

  it('are carried out one APDU at a time', async () => {
    const card = appletCard();
    const commands = Array.from({ length: 40 }, (_, at) => {
      const channel = at % 2 ? card.applet : card.connect();
      return sendTo(channel, at % 3 ? apdu('00200080', card.pin) : '00200080');
    });
    const answers = await Promise.all(commands);
    expect(new Set(answers)).toEqual(new Set(['9000', '63C5']));
  });

  it('keep out of a transaction of the other', async () => {
    const card = appletCard();
    const other = card.connect();
    const order: string[] = [];
    const note = (name: string) => (answer: string) => order.push(name + answer);
    const first = card.applet.exclusively(async () => {
      await card.send('00200080').then(note('a'));
      await card.applet.exclusively(() => card.send('00200080').then(note('b')));
      await card.applet.reset();
      await card.send('00200080').then(note('c'));
      void card.send('00200080').then(note('d'));
    });
    const second = sendTo(other, '00200080').then(note('e'));
    await Promise.all([first, second]);
    expect(order).toEqual(['a63C5', 'b63C5', 'c63C5', 'd63C5', 'e63C5']);
    await expect(card.applet.exclusively(() => Promise.reject(new Error('x')))).rejects.toThrow(
      'x',
    );
    expect(await sendTo(other, '00200080')).toBe('63C5');
  });
});

describe('an admin authentication', () => {
  it('ends on all channels when the admin key is replaced', async () => {
    const card = appletCard();
    await authenticateAdmin(card);
    const other = { ...card, send: (command: string) => sendTo(channel, command) };
    const channel = card.connect();
    await authenticateAdmin(other);
    const put = `00DB3FFF21701F840180A51A8718${hex(randomBytes(24))}`;
    expect(await other.send(put)).toBe('9000');
    for (const { send } of [card, other]) {
      expect(await send(apdu('002C0280', randomPin()))).toBe('6982');
      expect(await send(put)).toBe('6982');
    }
  });
});

describe('closing', () => {
  it('locks, and refuses what comes after', async () => {
    const card = await cardWithKey();
    const last = card.send('00200080');
    await card.applet.close();
    await card.applet.close();
    expect(await last).toBe('9000');
    expect(card.vault.openAuthorizations).toBe(0);
    await expect(card.send('00200080')).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  });
});

describe('what the vault cannot do', () => {
  it('a PIN that could not be checked ends a log-in', async () => {
    const card = await cardWithKey();
    card.vault.tpmFailure = new VirtualSmartCardError('ERR_TPM_LOCKED_OUT', 'test');
    expect(await card.send(apdu('00200080', card.pin))).toBe('6983');
    card.vault.tpmFailure = undefined;
    expect(await card.send(SIGN)).toBe('6982');
    expect(card.vault.openAuthorizations).toBe(0);
  });

  const failures: [code: ConstructorParameters<typeof VirtualSmartCardError>[0], answer: string][] =
    [
      ['ERR_STATE_IO', '6581'],
      ['ERR_TPM_LOCKED_OUT', '6983'],
      ['ERR_TPM_NV_FULL', '6A84'],
      ['ERR_TPM_UNAVAILABLE', '6400'],
      ['ERR_CARD_LOST', '6400'],
    ];

  it.each(failures)('%s is answered %s, and told inside', async (code, answer) => {
    const card = await cardWithKey();
    const failure = new VirtualSmartCardError(code, 'test');
    card.vault.tpmFailure = failure;
    for (const command of [
      SIGN,
      apdu('00200080', card.pin),
      '00CB3FFF045C027F7100',
      '0047000008AC0680010C830181',
      apdu('00240080', Buffer.concat([card.pin, randomPin()])),
    ]) {
      expect(await card.send(apdu('00200080', card.pin))).toBe(answer);
      card.vault.tpmFailure = undefined;
      expect(await card.send(apdu('00200080', card.pin))).toBe('9000');
      card.vault.tpmFailure = failure;
      expect(await card.send(command)).toBe(answer);
      expect(card.applet.takeFailure()).toBe(failure);
    }
    card.vault.tpmFailure = undefined;
    expect(await card.send(apdu('00200080', card.pin))).toBe('9000');
    expect((await card.send(SIGN)).slice(-4)).toBe('9000');
  });

  it('an error that nobody foresaw is 6400 too', async () => {
    const card = appletCard();
    card.vault.tpmFailure = new TypeError('unforeseen');
    expect(await card.send('00200080')).toBe('6400');
    expect(card.applet.takeFailure()).toBeInstanceOf(TypeError);
    card.vault.tpmFailure = undefined;
    expect(await card.send('00200080')).toBe('63C5');
    expect(card.applet.takeFailure()).toBeUndefined();
  });

  it('a state that cannot be stored leaves the old one', async () => {
    const card = await cardWithKey();
    const before = card.vault.state;
    card.vault.storeFailure = new VirtualSmartCardError('ERR_STATE_IO', 'disk full');
    for (const command of [
      '00DBA01005DF7E021234',
      '00E4000002A010',
      '00E4000002B081',
      '00E000000E620C8201398302A0158C03033000',
      '0047000008AC0680010C830181',
    ]) {
      expect(await card.send(command)).toBe('6581');
      expect(card.vault.state).toBe(before);
    }
    card.vault.storeFailure = undefined;
    expect((await card.send(SIGN)).slice(-4)).toBe('9000');
  });
});
