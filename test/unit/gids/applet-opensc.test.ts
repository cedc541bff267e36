import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decodeTlv, decodeTlvs, encodeTlv, findTlv } from '../../../lib/gids/tlv.js';
import { keyCheckValue } from '../../../lib/gids/triple-des.js';
import {
  type AppletCard,
  apdu,
  appletCard,
  bytes,
  fetchAll,
  hex,
  login,
  randomPin,
  sendChained,
} from '../../support/applet-card.js';

/** What OpenSC's tools were seen to send, in their order. */

const SELECT = '00A4040009A0000003974254465900';
const SHA256_INFO = '3031300D060960864801650304020105000420';

/** The masterfile that gids-tool writes: mscp, cardid, cardapps, cardcf, mscp\cmapfile. */
const MASTERFILE = [
  ['mscp', '', 0, 0xa000],
  ['', 'cardid', 0xdf20, 0xa012],
  ['', 'cardapps', 0xdf21, 0xa010],
  ['', 'cardcf', 0xdf22, 0xa010],
  ['mscp', 'cmapfile', 0xdf23, 0xa010],
] as const;

function masterfile(): Buffer {
  const records = MASTERFILE.map(([directory, file, object, elementaryFile]) => {
    const record = Buffer.alloc(28);
    record.write(directory, 0, 'latin1');
    record.write(file, 9, 'latin1');
    record.writeUInt32LE(object, 20);
    record.writeUInt32LE(elementaryFile, 24);
    return record;
  });
  return Buffer.concat([Uint8Array.of(1), ...records]);
}

async function expectAll(card: AppletCard, script: [command: string, answer: string][]) {
  for (const [command, answer] of script) {
    expect([command, await card.send(command)]).toEqual([command, answer]);
  }
}

/** `gids-tool --initialize` on a blank card. */
async function initialize(card: AppletCard, pin: Buffer, adminKey: Buffer): Promise<void> {
  const put = `7024840180A51F8718${hex(adminKey)}8803${hex(keyCheckValue(adminKey))}`;
  const master = masterfile();
  await expectAll(card, [
    [SELECT, '61124F0BA00000039742544659020173034001C09000'],
    ['00CBA000045C02DF1F00', '6A82'],
    [apdu('00240180', pin), '9000'],
    ['00E000000E620C8201398302A0008C03033000', '9000'],
    ['00440000', '9000'],
    ['00E000000E620C8201398302A0108C03033000', '9000'],
    ['00440000', '9000'],
    ['00E000000E620C8201398302A0118C030330FF', '9000'],
    ['00440000', '9000'],
    ['00E000000E620C8201398302A0128C03032000', '9000'],
    ['00440000', '9000'],
    ['00E000000E620C8201398302A0138C03033030', '9000'],
    ['00440000', '9000'],
    ['00E000000E620C8201398302A0148C03032020', '9000'],
    ['00440000', '9000'],
    ['00E000001C621A8201188302B0808C04870020FFA50BA4098001028301809501C0', '9000'],
    ['00440000', '9000'],
    [apdu('00DB3FFF', put), '9000'],
    [apdu('00DBA000', encodeTlv(0xdf1f, master)), '9000'],
    [apdu('00DBA010', encodeTlv(0xdf21, Buffer.from('mscp\0\0\0\0'))), '9000'],
    [apdu('00DBA010', encodeTlv(0xdf22, Buffer.alloc(6))), '9000'],
    [apdu('00DBA010', encodeTlv(0xdf23)), '9000'],
    [apdu('00DBA012', encodeTlv(0xdf20, randomBytes(16))), '9000'],
    ['00A4000C023FFF', '9000'],
    ['00440000', '9000'],
  ]);
}

describe('gids-tool', () => {
  it('--initialize, once', async () => {
    const card = appletCard({ blank: true });
    const pin = randomPin();
    const adminKey = randomBytes(24);
    await initialize(card, pin, adminKey);
    expect(card.vault.state.activated).toBe(true);
    expect([...card.vault.state.files.keys()]).toEqual([
      0xa000, 0xa010, 0xa011, 0xa012, 0xa013, 0xa014,
    ]);
    await card.applet.reset();
    await expectAll(card, [
      [apdu('00240180', randomPin()), '6985'],
      ['00E000000E620C8201398302A0008C03033000', '6A89'],
      ['00E000001C621A8201188302B0808C04870020FFA50BA4098001028301809501C0', '6A89'],
      [apdu('00200080', pin), '9000'],
      ['00DBA01205DF20021234', '6982'],
    ]);
    expect(await card.send('00CBA000045C02DF1F00')).toBe(`DF1F818D${hex(masterfile())}9000`);
    expect(await card.send('00CBA010045C02DF2300')).toBe('DF23009000');
    await card.vault.withAdminKey((key) => expect(hex(key)).toBe(hex(adminKey)));
  });
});

describe('pkcs15-init and pkcs11-tool', () => {
  it('generate a key and a certificate, sign, and delete both', async () => {
    const card = appletCard({ blank: true });
    card.pin = randomPin();
    await initialize(card, card.pin, randomBytes(24));
    await card.applet.reset();

    // pkcs15-init --verify-pin --generate-key rsa/2048
    const container = Buffer.alloc(86);
    const keyFile =
      '00E0000049 6247 820118 8302B081 8C058F10101000 A537' +
      'B809800107830181950140 B809800187830181950140 B809800147830181950140' +
      'B609800117830181950140 B609800157830181950140';
    const keyMap = bytes('01 01000000 07 9A 81B0 FFFF 0000');
    await login(card);
    await expectAll(card, [
      ['00CB3FFF045C027F7100', '7F71069701059301059000'],
      ['00CB3FFF045C027F7300', '6A88'],
      ['00CBA000045C02DF2000', '6A88'],
      [apdu('00DBA010', encodeTlv(0xdf23, container)), '9000'],
      [keyFile, '9000'],
      ['00440000', '9000'],
      [apdu('00DBA010', encodeTlv(0xdf22, bytes('000001000000'))), '9000'],
      [apdu('00DBA000', encodeTlv(0xdf20, keyMap)), '9000'],
      [apdu('00DBA010', encodeTlv(0xdf23, container.fill(0x41, 0, 20))), '9000'],
    ]);
    expect((await card.send('0047000008AC06800107830181')).slice(0, 2)).toBe('61');
    const publicKey = await fetchAll(
      card.applet,
      await card.send('00CB3FFF0A7008840181A5037F498000'),
    );
    expect(publicKey).toMatch(/^7F4982010981820100[0-9A-F]{512}82030100019000$/);

    // pkcs15-init --store-certificate: a data object of more than one block
    const certificate = Buffer.concat([bytes('01002004'), randomBytes(900)]);
    expect(await sendChained(card.applet, 'DBA010', encodeTlv(0xdf24, certificate))).toBe('9000');
    const stored = await fetchAll(card.applet, await card.send('00CBA010045C02DF2400'));
    expect(stored).toBe(`${hex(encodeTlv(0xdf24, certificate))}9000`);

    // pkcs11-tool --login --sign
    await card.applet.reset();
    expect(await card.send(SELECT)).toMatch(/9000$/);
    await login(card);
    const data = randomBytes(64);
    const digest = createHash('sha256').update(data).digest();
    expect(await card.send('002241B606800157840181')).toBe('9000');
    const answer = await card.send(`002A9E9A33${SHA256_INFO}${hex(digest)}00`);
    const signature = bytes((await fetchAll(card.applet, answer)).slice(0, -4));
    expect(verify('sha256', data, rsaKey(publicKey), signature)).toBe(true);
    expect(await card.send('00200082')).toBe('9000');
    expect(await card.send(`002A9E9A33${SHA256_INFO}${hex(digest)}00`)).toBe('6982');

    // pkcs15-init --delete-objects cert,privkey
    await login(card);
    await expectAll(card, [
      [apdu('00DBA010', encodeTlv(0xdf24)), '9000'],
      ['00CBA010045C02DF2400', 'DF24009000'],
      ['00A4000C02B081', '9000'],
      ['00E40000', '9000'],
      ['00CB3FFF0A7008840181A5037F498000', '6A88'],
    ]);
  });

  it('make a signature key, whose templates OpenSC gives a wrong key reference', async () => {
    const card = appletCard();
    await login(card);
    await expectAll(card, [
      [
        '00E0000028 6226 820118 8302B081 8C058F10101000 A516' +
          'B609800117830183950140 B609800157830183950140',
        '9000',
      ],
      ['00440000', '9000'],
    ]);
    expect((await card.send('0047000008AC06800107830181')).slice(0, 2)).toBe('61');
    await expectAll(card, [
      ['002241B606800157840181', '9000'],
      ['002241B806800147840181', '6A81'],
    ]);
  });
});

function rsaKey(answer: string) {
  const objects = decodeTlvs(decodeTlv(0x7f49, bytes(answer.slice(0, -4))));
  const base64 = (tag: number) => Buffer.from(findTlv(objects, tag) ?? []).toString('base64url');
  return createPublicKey({ key: { kty: 'RSA', n: base64(0x81), e: base64(0x82) }, format: 'jwk' });
}
