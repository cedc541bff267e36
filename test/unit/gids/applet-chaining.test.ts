import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { encodeCommand } from '../../../lib/gids/apdu.js';
import { encodeTlv } from '../../../lib/gids/tlv.js';
import {
  type AppletCard,
  apdu,
  appletCard,
  bytes,
  fetchAll,
  hex,
  login,
  sendChained,
  sendTo,
} from '../../support/applet-card.js';

async function card(): Promise<AppletCard> {
  const made = appletCard();
  await login(made);
  return made;
}

function storedIn({ vault }: AppletCard): string {
  return hex(vault.state.files.get(0xa010)?.objects.get(0xdf7e) ?? bytes(''));
}

describe('command chaining', () => {
  it('gives the same whatever the blocks are', async () => {
    const made = await card();
    for (let block = 1; block <= 255; block++) {
      const value = randomBytes(300);
      const object = encodeTlv(0xdf7e, value);
      expect(await sendChained(made.applet, 'DBA010', object, { block })).toBe('9000');
      expect(storedIn(made)).toBe(hex(value));
    }
  });

  it('takes a PIN in parts', async () => {
    const made = appletCard();
    expect(await sendChained(made.applet, '200080', made.pin, { block: 3 })).toBe('9000');
  });

  it('takes parts of different length forms, and empty ones', async () => {
    const made = await card();
    const value = randomBytes(600);
    const object = encodeTlv(0xdf7e, value);
    const header = { cla: 0x10, ins: 0xdb, p1: 0xa0, p2: 0x10 };
    const parts = [object.subarray(0, 500), bytes(''), object.subarray(500, 501)];
    for (const data of parts) {
      expect(hex(await made.applet.transmit(encodeCommand({ ...header, data })))).toBe('9000');
    }
    expect(await made.send(apdu('00DBA010', object.subarray(501)))).toBe('9000');
    expect(storedIn(made)).toBe(hex(value));
  });

  it.each([
    ['another command', '00CBA010045C02DF2300', 'DF23009000'],
    ['another chain', '10DBA01203DF7E00', '9000'],
    ['rubbish', '00A4', '6700'],
    ['an unknown instruction', '0084000008', '6D00'],
    ['another class', '80DBA01001AA', '6E00'],
    ['GET RESPONSE', '00C0000000', '6985'],
  ])('is ended by %s', async (_what, command, answer) => {
    const made = await card();
    const before = made.vault.state;
    expect(await made.send('10DBA01004DF7E0312')).toBe('9000');
    expect(await made.send(command)).toBe(answer);
    expect(await made.send('00DBA010023456')).toBe('6A80');
    expect(made.vault.state).toBe(before);
  });

  it('is ended by a reset', async () => {
    const made = await card();
    expect(await made.send('10DBA01004DF7E0312')).toBe('9000');
    await made.applet.reset();
    await login(made);
    expect(await made.send('00DBA010023456')).toBe('6A80');
  });

  it('takes 64 KB and no more', async () => {
    const made = await card();
    const value = randomBytes(65536 - 5);
    const object = encodeTlv(0xdf7e, value);
    expect(object).toHaveLength(65536);
    expect(await sendChained(made.applet, 'DBA010', object)).toBe('9000');
    expect(storedIn(made)).toBe(hex(value));
    const header = { cla: 0x10, ins: 0xdb, p1: 0xa0, p2: 0x10 };
    const half = encodeCommand({ ...header, data: Buffer.alloc(40000, 0xdf) });
    expect(hex(await made.applet.transmit(half))).toBe('9000');
    expect(hex(await made.applet.transmit(half))).toBe('6700');
    expect(await made.send('00DBA01003DF7E00')).toBe('9000');
    expect(storedIn(made)).toBe('');
  });
});

describe('long answers', () => {
  it('come in the lengths that the host asks for', async () => {
    const made = await card();
    const value = randomBytes(700);
    const object = hex(encodeTlv(0xdf7e, value));
    expect(await sendChained(made.applet, 'DBA010', bytes(object))).toBe('9000');
    for (const le of [1, 2, 100, 255, 256]) {
      const digits = hex(Uint8Array.of(le & 0xff));
      let answer = await made.send(`00CBA010045C02DF7E${digits}`);
      let data = '';
      while (answer.slice(-4).startsWith('61')) {
        const left = object.length / 2 - data.length / 2 - le;
        expect(answer.slice(-2)).toBe(left > 255 ? '00' : hex(Uint8Array.of(left)));
        expect(answer).toHaveLength(2 * le + 4);
        data += answer.slice(0, -4);
        answer = await made.send(`00C00000${digits}`);
      }
      expect(data + answer).toBe(`${object}9000`);
    }
  });

  it('come whole with an extended Le', async () => {
    const made = await card();
    const object = encodeTlv(0xdf7e, randomBytes(3000));
    const put = encodeCommand({ ins: 0xdb, p1: 0xa0, p2: 0x10, data: object });
    expect(hex(await made.applet.transmit(put))).toBe('9000');
    expect(await made.send('00CBA010 000004 5C02DF7E 0000')).toBe(`${hex(object)}9000`);
    const part = await made.send('00CBA010 000004 5C02DF7E 0400');
    expect(part).toBe(`${hex(object.subarray(0, 1024))}6100`);
    expect(await fetchAll(made.applet, part)).toBe(`${hex(object)}9000`);
  });

  it('wait when the command has no Le', async () => {
    const made = await card();
    expect(await made.send('00CBA010045C02DF23')).toBe('6103');
    expect(await made.send('00C00000')).toBe('6103');
    expect(await made.send('00C0000003')).toBe('DF23009000');
    expect(await made.send('00C0000003')).toBe('6985');
  });

  it('are forgotten at the next command, a reset, or not fetched by another channel', async () => {
    const made = await card();
    for (const between of ['00200080', '00A4', '0084000008']) {
      expect(await made.send('00CBA010045C02DF23')).toBe('6103');
      await made.send(between);
      expect(await made.send('00C0000003')).toBe('6985');
    }
    expect(await made.send('00CBA010045C02DF23')).toBe('6103');
    expect(await sendTo(made.connect(), '00C0000003')).toBe('6985');
    await made.applet.reset();
    expect(await made.send('00C0000003')).toBe('6985');
  });

  it('need P1 P2 0000', async () => {
    const made = await card();
    expect(await made.send('00CBA010045C02DF23')).toBe('6103');
    expect(await made.send('00C0010003')).toBe('6A86');
    expect(await made.send('00C0000003')).toBe('DF23009000');
  });
});

describe('memory', () => {
  it('is limited', async () => {
    const made = await card();
    const object = (tag: number) => encodeTlv(tag, Buffer.alloc(65000, 1));
    const put = (tag: number) =>
      made.applet.transmit(encodeCommand({ ins: 0xdb, p1: 0xa0, p2: 0x10, data: object(tag) }));
    for (let tag = 0xdf30; tag < 0xdf38; tag++) expect(hex(await put(tag))).toBe('9000');
    const before = made.vault.state;
    expect(hex(await put(0xdf38))).toBe('6A84');
    expect(made.vault.state).toBe(before);
    expect(hex(await put(0xdf30))).toBe('9000');
  });
});
