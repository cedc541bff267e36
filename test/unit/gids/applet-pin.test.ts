import { describe, expect, it } from 'vitest';
import {
  apdu,
  appletCard,
  authenticateAdmin,
  login,
  randomPin,
} from '../../support/applet-card.js';

describe('VERIFY', () => {
  it('right, wrong, status and logout', async () => {
    const card = appletCard();
    expect(await card.send('00200080')).toBe('63C5');
    expect(await card.send(apdu('00200080', 'FFFFFFFFFFFFFFFF'))).toBe('63C4');
    await login(card);
    expect(await card.send('00200080')).toBe('9000');
    expect(await card.send('00200082')).toBe('9000');
    expect(await card.send('00200080')).toBe('63C5');
  });

  it.each([
    ['the PUK', '00200081083132333435363738', '6A88'],
    ['logout with data', '002000820131', '6700'],
    ['another P1', '00200180083132333435363738', '6A86'],
  ])('refuses %s', async (_what, command, answer) => {
    expect(await appletCard().send(command)).toBe(answer);
  });

  it('answers 63Cx to a PIN of illegal length without counting a try', async () => {
    const card = appletCard();
    expect(await card.send('0020008003313233')).toBe('63C5');
    expect(await card.send(apdu('00200080', Buffer.alloc(128, 0x31)))).toBe('63C5');
    expect(await card.send('00200080')).toBe('63C5');
  });
});

describe('CHANGE REFERENCE DATA', () => {
  it('sets the first PIN before activation only', async () => {
    const card = appletCard({ blank: true });
    const pin = randomPin();
    expect(await card.send(apdu('00240180', pin))).toBe('9000');
    expect(await card.send('00440000')).toBe('9000');
    expect(await card.send(apdu('00200080', pin))).toBe('9000');
    expect(await card.send(apdu('00240180', randomPin()))).toBe('6985');
    expect(await card.send(apdu('00200080', pin))).toBe('9000');
  });

  it('splits old and new by the length of the old, and logs out', async () => {
    const card = appletCard();
    await login(card);
    const pin = randomPin(12);
    expect(await card.send(apdu('00240080', Buffer.concat([card.pin, pin])))).toBe('9000');
    expect(await card.send('00200080')).toBe('63C5');
    expect(await card.send(apdu('00200080', pin))).toBe('9000');
    const shorter = randomPin(5);
    expect(await card.send(apdu('00240080', Buffer.concat([pin, shorter])))).toBe('9000');
    expect(await card.send(apdu('00200080', shorter))).toBe('9000');
  });

  it('counts a wrong old PIN, and refuses a new one outside the policy', async () => {
    const card = appletCard({ pinPolicy: { minLength: 6, lowercase: 'disallowed' } });
    const pin = randomPin();
    const wrong = Buffer.alloc(8, 0x58);
    expect(await card.send(apdu('00240080', Buffer.concat([wrong, pin])))).toBe('63C4');
    const short = Buffer.concat([card.pin, randomPin(5)]);
    expect(await card.send(apdu('00240080', short))).toBe('6A80');
    const lowercase = Buffer.concat([card.pin, Buffer.from('abcdefgh')]);
    expect(await card.send(apdu('00240080', lowercase))).toBe('6A80');
    expect(await card.send('00200080')).toBe('63C5');
    await login(card);
    expect(await card.send(apdu('00240080', lowercase))).toBe('6A80');
    expect(await card.send('00200080')).toBe('9000');
    expect(card.vault.openAuthorizations).toBe(1);
  });

  it('tells nothing of the length of the PIN but for a try', async () => {
    const answers: string[] = [];
    for (const card of [appletCard(), appletCard(), appletCard()]) {
      await login(card);
      const pin = randomPin(4 + answers.length * 20);
      expect(await card.send(apdu('00240080', Buffer.concat([card.pin, pin])))).toBe('9000');
      const tried: string[] = [];
      for (const length of [1, 7, 8, 12, 24]) {
        tried.push(await card.send(apdu('00240080', Buffer.alloc(length, 0x58))));
      }
      answers.push(tried.join(' '));
    }
    expect(new Set(answers)).toEqual(new Set(['6A80 6A80 63C4 63C3 63C2']));
  });
});

describe('RESET RETRY COUNTER', () => {
  it('by the PUK', async () => {
    const card = appletCard({ puk: true });
    const pin = randomPin();
    const wrong = Buffer.concat([Buffer.alloc(10, 0x58), pin]);
    expect(await card.send(apdu('002C0080', wrong))).toBe('63C4');
    expect(await card.send(apdu('002C0080', Buffer.concat([card.puk, pin])))).toBe('9000');
    expect(await card.send(apdu('00200080', pin))).toBe('9000');
  });

  it('by the PUK of a card without one', async () => {
    expect(await appletCard().send(apdu('002C0080', randomPin(18)))).toBe('6A88');
  });

  it('after the admin key, never without', async () => {
    const card = appletCard();
    const pin = randomPin();
    expect(await card.send(apdu('002C0280', pin))).toBe('6982');
    await authenticateAdmin(card);
    expect(await card.send(apdu('002C0280', pin))).toBe('9000');
    expect(await card.send(apdu('00200080', pin))).toBe('9000');
  });

  it('never by the admin key on a card with a PUK, and says why inside', async () => {
    const card = appletCard({ puk: true });
    await authenticateAdmin(card);
    expect(await card.send(apdu('002C0280', randomPin()))).toBe('6985');
    expect(card.applet.takeFailure()).toMatchObject({ code: 'ERR_ADMIN_RESET_NOT_ALLOWED' });
    expect(card.applet.takeFailure()).toBeUndefined();
    await login(card);
  });
});
