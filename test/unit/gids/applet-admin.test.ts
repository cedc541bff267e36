import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decryptTripleDes, encryptTripleDes, keyCheckValue } from '../../../lib/gids/triple-des.js';
import {
  apdu,
  appletCard,
  authenticateAdmin,
  bytes,
  hex,
  login,
  randomPin,
} from '../../support/applet-card.js';

describe('admin key', () => {
  it('external authentication, with either P1', async () => {
    const card = appletCard();
    await authenticateAdmin(card);
    expect(await card.send('0022C1A403830180')).toBe('9000');
    expect(await card.send('00870000047C02810000')).toMatch(/^7C0A8108/);
  });

  it("mutual authentication, as OpenSC's", async () => {
    const card = appletCard();
    const ours = randomBytes(16);
    expect(await card.send('0022C1A403830180')).toBe('9000');
    const first = await card.send(`00870000147C128110${hex(ours)}00`);
    expect(first).toMatch(/^7C128110[0-9A-F]{32}9000$/);
    const theirs = bytes(first.slice(8, 40));
    const plain = Buffer.concat([theirs, ours, randomBytes(7), bytes('80')]);
    const response = encryptTripleDes(card.adminKey, plain);
    const second = await card.send(`008700002C7C2A8228${hex(response)}00`);
    expect(second).toMatch(/^7C2A8228[0-9A-F]{80}9000$/);
    const opened = decryptTripleDes(card.adminKey, bytes(second.slice(8, 88)));
    expect(hex(opened.subarray(0, 32))).toBe(hex(ours) + hex(theirs));
    expect(opened[39]).toBe(0x80);
    expect(await card.send(apdu('002C0280', randomPin()))).toBe('9000');
  });

  it('is replaced by who has it', async () => {
    const card = appletCard();
    const key = randomBytes(24);
    const put = `00DB3FFF267024840180A51F8718${hex(key)}8803${hex(keyCheckValue(key))}`;
    expect(await card.send(put)).toBe('6982');
    await login(card);
    expect(await card.send(put)).toBe('6982');
    await authenticateAdmin(card);
    expect(await card.send(put)).toBe('9000');
    card.adminKey = key;
    await authenticateAdmin(card);
  });

  it('is replaced with the check value of another key, as gids-tool sends it', async () => {
    const card = appletCard();
    await authenticateAdmin(card);
    const key = randomBytes(24);
    expect(await card.send(`00DB3FFF267024840180A51F8718${hex(key)}8803B073DC`)).toBe('9000');
    card.adminKey = key;
    await authenticateAdmin(card);
  });

  it.each([
    ['a wrong KCV', '26', '24', '1F', '8718', 24, '8803000000'],
    ['a short key', '25', '23', '1E', '8717', 23, '8803000000'],
    ['no key', '0C', '0A', '05', '', 0, '8803000000'],
  ])('refuses %s with 6984', async (_what, lc, outer, inner, head, length, kcv) => {
    const card = appletCard();
    await authenticateAdmin(card);
    const key = hex(randomBytes(length));
    const put = `00DB3FFF${lc}70${outer}840180A5${inner}${head}${key}${kcv}`;
    expect(await card.send(put)).toBe('6984');
    await authenticateAdmin(card);
  });
});
