import {
  constants,
  createHash,
  createPublicKey,
  publicEncrypt,
  randomBytes,
  verify,
} from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeTlv, decodeTlvs, encodeTlv, findTlv } from '../../../lib/gids/tlv.js';
import { decryptTripleDes, encryptTripleDes, keyCheckValue } from '../../../lib/gids/triple-des.js';
import {
  type AppletCard,
  apdu,
  appletCard,
  bytes,
  fetchAll,
  hex,
  randomPin,
  sendChained,
} from '../../support/applet-card.js';

const GIDS = '00A4040009A0000003974254465900';
const GIDS_ANSWER = '61124F0BA00000039742544659020173034001C09000';
/** DigestInfo of SHA-256, without the digest. */
const SHA256_INFO = '3031300D060960864801650304020105000420';

/** The key file as OpenSC creates one for key exchange: five templates. */
function keyFile(keyReference: string, algorithm: number): string {
  const template = (tag: string, operation: number) =>
    `${tag}098001${hex(Uint8Array.of(algorithm | operation))}8301${keyReference}950140`;
  const templates = [
    template('B8', 0x00),
    template('B8', 0x80),
    template('B8', 0x40),
    template('B6', 0x10),
    template('B6', 0x50),
  ].join('');
  return `00E00000496247 820118 8302B0${keyReference} 8C058F10101000 A537${templates}`;
}

async function login(card: AppletCard): Promise<void> {
  expect(await card.send(apdu('00200080', card.pin))).toBe('9000');
}

describe('SELECT', () => {
  const card = appletCard();
  it.each([
    ['the application by its first 9 bytes', GIDS, GIDS_ANSWER],
    ['by its whole name', '00A404000BA0000003974254465902 0100', GIDS_ANSWER],
    ['without an answer', '00A4040C09A00000039742544659', '9000'],
    ['by less than 9 bytes', '00A4040008A000000397425446 00', '6A82'],
    ['by a name that goes on', '00A404000CA0000003974254465902010000', '6A82'],
    ['another application', '00A4040007A000000308000000', '6A82'],
    ["Microsoft's plug-and-play application", '00A404000BA00000039743494 45F010000', '6A82'],
    ['the application by its file identifier', '00A4000C023FFF', '9000'],
    ['an elementary file', '00A4000C02A010', '9000'],
    ['its control parameters', '00A4000002A01200', '620C8201398302A0128C030320009000'],
    ['EF 2F01', '00A4000C022F01', '9000'],
    ['the admin key file', '00A4000C02B080', '9000'],
    ['a missing elementary file', '00A4000C02A020', '6A82'],
    ['a missing key file', '00A4000C02B081', '6A82'],
    ['probe 2F00', '00A40800022F00', '6A86'],
    ['probe 5015', '00A40800025015', '6A86'],
    ['probe 5031', '00A40800025031 00', '6A86'],
    ['half a file identifier', '00A4000C01A0', '6A80'],
    ['an unknown answer form', '00A4000102A010', '6A86'],
  ])('%s', async (_what, command, answer) => {
    expect(await card.send(command)).toBe(answer);
  });
});

describe('probes of hosts that look for other cards', () => {
  const card = appletCard();
  it.each([
    ['GET DATA of another kind', '00CADF3000', '6D00'],
    ['discovery object', '00CB3FFF035C017E00', '6A88'],
    ['PIV object', '00CB3FFF055C035FC10200', '6A88'],
    ['READ BINARY', '00B0000000', '6D00'],
    ['another class', '80CA9F7F00', '6E00'],
    ['secure messaging', '0C20008000', '6E00'],
    ['a logical channel', '01A40400 00', '6E00'],
    ['GET CHALLENGE', '0084000008', '6D00'],
    ['GET RESPONSE with nothing waiting', '00C0000000', '6985'],
    ['too short', '00A4', '6700'],
  ])('%s', async (_what, command, answer) => {
    expect(await card.send(command)).toBe(answer);
  });
});

describe('GET DATA', () => {
  const card = appletCard();
  const cardId = () => card.vault.state.files.get(0xa012)?.objects.get(0xdf20);

  it('reads a data object', async () => {
    expect(await card.send('00CBA010045C02DF2100')).toBe('DF21086D736370000000009000');
    expect(await card.send('00CBA012045C02DF2000')).toBe(`DF2010${hex(cardId() ?? bytes(''))}9000`);
  });

  it('reads an empty file', async () => {
    expect(await card.send('00CBA010045C02DF2300')).toBe('DF23009000');
  });

  it('reads all data objects of a file with 5C00', async () => {
    expect(await card.send('00CBA010025C0000')).toBe(
      'DF21086D73637000000000DF2206000000000000DF23009000',
    );
    expect(await card.send('00CBA014025C0000')).toBe('6982');
    expect(await card.send('00CB2F01025C0000')).toBe('4301D4470308 01C09000'.replace(' ', ''));
  });

  it('reads several data objects in the order asked for', async () => {
    expect(await card.send('00CBA010065C04DF23DF2100')).toBe('DF2300DF21086D736370000000009000');
  });

  it.each([
    ['a missing data object', '00CBA010045C02DF5500', '6A88'],
    ['a missing file', '00CBA020045C02DF2000', '6A82'],
    ['a key file', '00CBB080045C02DF2000', '6A82'],
    ['an unknown 7Fxx of the card', '00CB3FFF045C027F7200', '6984'],
    ['the PUK of a card without one', '00CB3FFF045C027F7300', '6A88'],
    ['a public key that is not there', '00CB3FFF0A70088401 81A5037F498000', '6A88'],
    ['a key that is not public', '00CB3FFF0A70088401 80A503 7F488000', '6A80'],
    ['rubbish', '00CBA010045CFFDF2000', '6A80'],
    ['no data', '00CBA010', '6A80'],
  ])('%s', async (_what, command, answer) => {
    expect(await card.send(command)).toBe(answer);
  });
});

describe('tries left', () => {
  it('of the PIN, after wrong ones too', async () => {
    const card = appletCard();
    expect(await card.send('00CB3FFF045C027F7100')).toBe('7F71069701059301059000');
    expect(await card.send(apdu('00200080', 'FFFFFFFFFFFFFFFF'))).toBe('63C4');
    expect(await card.send('00CB3FFF045C027F7100')).toBe('7F71069701049301059000');
  });

  it('of the PUK', async () => {
    const card = appletCard({ puk: true });
    expect(await card.send('00CB3FFF045C027F7300')).toBe('7F73069701059301059000');
    expect(await card.send('00CB3FFF025C0000')).toBe('7F71069701059301057F73069701059301059000');
  });
});

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

  it('counts a wrong old PIN, and refuses a new one outside the policy uncounted', async () => {
    const card = appletCard({ pinPolicy: { minLength: 6, lowercase: 'disallowed' } });
    const pin = randomPin();
    const wrong = Buffer.alloc(8, 0x58);
    expect(await card.send(apdu('00240080', Buffer.concat([wrong, pin])))).toBe('63C4');
    const short = Buffer.concat([card.pin, randomPin(5)]);
    expect(await card.send(apdu('00240080', short))).toBe('6A80');
    const lowercase = Buffer.concat([card.pin, Buffer.from('abcdefgh')]);
    expect(await card.send(apdu('00240080', lowercase))).toBe('6A80');
    expect(await card.send('00200080')).toBe('63C4');
    await login(card);
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
    await authenticateExternally(card);
    expect(await card.send(apdu('002C0280', pin))).toBe('9000');
    expect(await card.send(apdu('00200080', pin))).toBe('9000');
  });

  it('never by the admin key on a card with a PUK, and says why inside', async () => {
    const card = appletCard({ puk: true });
    await authenticateExternally(card);
    expect(await card.send(apdu('002C0280', randomPin()))).toBe('6985');
    expect(card.applet.takeFailure()).toMatchObject({ code: 'ERR_ADMIN_RESET_NOT_ALLOWED' });
    expect(card.applet.takeFailure()).toBeUndefined();
    await login(card);
  });
});

async function authenticateExternally(card: AppletCard): Promise<void> {
  expect(await card.send('002281A403830180')).toBe('9000');
  const challenge = await card.send('00870000047C02810000');
  expect(challenge).toMatch(/^7C0A8108[0-9A-F]{16}9000$/);
  const response = encryptTripleDes(card.adminKey, bytes(challenge.slice(8, 24)));
  expect(await card.send(`008700000C7C0A8208${hex(response)}`)).toBe('9000');
}

describe('admin key', () => {
  it('external authentication, with either P1', async () => {
    const card = appletCard();
    await authenticateExternally(card);
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
    await authenticateExternally(card);
    expect(await card.send(put)).toBe('9000');
    card.adminKey = key;
    await authenticateExternally(card);
  });

  it.each([
    ['a wrong KCV', '26', '24', '1F', '8718', 24, '8803000000'],
    ['a short key', '25', '23', '1E', '8717', 23, '8803000000'],
    ['no key', '0C', '0A', '05', '', 0, '8803000000'],
  ])('refuses %s with 6984', async (_what, lc, outer, inner, head, length, kcv) => {
    const card = appletCard();
    await authenticateExternally(card);
    const key = hex(randomBytes(length));
    const put = `00DB3FFF${lc}70${outer}840180A5${inner}${head}${key}${kcv}`;
    expect(await card.send(put)).toBe('6984');
    await authenticateExternally(card);
  });
});

describe('files', () => {
  it('are created, activated, written, emptied and deleted', async () => {
    const card = appletCard();
    await login(card);
    expect(await card.send('00E000000E620C8201398302A0158C03033000')).toBe('9000');
    expect(await card.send('00440000')).toBe('9000');
    expect(card.vault.state.files.get(0xa015)).toMatchObject({ activated: true });
    expect(await card.send('00DBA01506DF2403AABBCC')).toBe('9000');
    expect(await card.send('00CBA015045C02DF2400')).toBe('DF2403AABBCC9000');
    expect(await card.send('00DBA01503DF2400')).toBe('9000');
    expect(await card.send('00CBA015045C02DF2400')).toBe('DF24009000');
    expect(await card.send('00E000000E620C8201398302A0158C03033000')).toBe('6A89');
    expect(await card.send('00A4000C02A015')).toBe('9000');
    expect(await card.send('00E40000')).toBe('9000');
    expect(await card.send('00A4000C02A015')).toBe('6A82');
  });

  it.each([
    ['the application', '00E40000023FFF'],
    ['the admin key', '00E4000002B080'],
    ['EF 2F01', '00E40000022F01'],
  ])('cannot lose %s', async (_what, command) => {
    const card = appletCard();
    await login(card);
    expect(await card.send(command)).toBe('6985');
  });

  it.each([
    ['another descriptor', '00E000000E620C8201018302A0158C03033000', '6A80'],
    ['no rules', '00E0000009620782013983 02A015', '6A80'],
    ['rules that do not fit their mode byte', '00E000000D620B8201398302A0158C020330', '6A80'],
    ['an identifier outside A0xx', '00E000000E620C820139830210158C03033000', '6A80'],
    ['a key of no algorithm', '00E00000106 20E8201188302B0818C058F10101000', '6A80'],
    ['a key of an unsupported algorithm', keyFile('81', 0x09), '6A81'],
    ['a key past the 30th', keyFile('9F', 0x07), '6A84'],
    ['rubbish', '00E0000003620582', '6A80'],
  ])('are not created with %s', async (_what, command, answer) => {
    const card = appletCard();
    await login(card);
    const before = card.vault.state;
    expect(await card.send(command)).toBe(answer);
    expect(card.vault.state).toBe(before);
  });
});

describe('keys', () => {
  const card = appletCard();
  let publicKey: Buffer;

  beforeAll(async () => {
    await login(card);
    expect(await card.send(keyFile('81', 0x07))).toBe('9000');
    expect(await card.send('00440000')).toBe('9000');
    const generated = await card.send('0047000008AC06800107830181');
    expect(generated).toMatch(/^61[0-9A-F]{2}$/);
    const answer = await fetchAll(card.applet, generated);
    expect(answer).toMatch(/^7F4982010981820100[0-9A-F]{512}82030100019000$/);
    publicKey = bytes(answer.slice(0, -4));
  });

  const rsaKey = () => {
    const objects = decodeTlvs(decodeTlv(0x7f49, publicKey));
    const base64 = (tag: number) => Buffer.from(findTlv(objects, tag) ?? []).toString('base64url');
    return createPublicKey({
      key: { kty: 'RSA', n: base64(0x81), e: base64(0x82) },
      format: 'jwk',
    });
  };

  it('show their public half', async () => {
    const first = await card.send('00CB3FFF0A7008840181A5037F498000');
    expect(first.slice(-4)).toBe('610E');
    expect(await fetchAll(card.applet, first)).toBe(`${hex(publicKey)}9000`);
  });

  it('sign a DigestInfo with PKCS#1 padding', async () => {
    const digest = randomBytes(32);
    expect(await card.send('002241B606800157840181')).toBe('9000');
    const command = `002A9E9A33${SHA256_INFO}${hex(digest)}00`;
    const answer = await fetchAll(card.applet, await card.send(command));
    const padded = Buffer.concat([bytes(`0001${'FF'.repeat(202)}00${SHA256_INFO}`), digest]);
    expect(await openSignature(bytes(answer.slice(0, -4)))).toBe(hex(padded));
  });

  it('sign any data that fit, and no more', async () => {
    expect(await card.send('002241B606800157840181')).toBe('9000');
    const longest = randomBytes(245);
    const answer = await fetchAll(card.applet, await card.send(apdu('002A9E9A', longest, '00')));
    expect(await openSignature(bytes(answer.slice(0, -4)))).toBe(
      hex(Buffer.concat([bytes('0001FFFFFFFFFFFFFFFF00'), longest])),
    );
    expect(await card.send(apdu('002A9E9A', randomBytes(246), '00'))).toBe('6A80');
    expect(await card.send('002A9E9A')).toBe('6A80');
  });

  it('sign raw', async () => {
    const block = Buffer.concat([bytes('00'), randomBytes(255)]);
    expect(await card.send('002241B606800117840181')).toBe('9000');
    const first = await sendChained(card.applet, '2A9E9A', block, { le: '00' });
    expect(first.slice(-4)).toBe('9000');
    expect(await openSignature(bytes(first.slice(0, -4)))).toBe(hex(block));
    const tooLarge = Buffer.alloc(256, 0xff);
    expect(await sendChained(card.applet, '2A9E9A', tooLarge, { le: '00' })).toBe('6A80');
    expect(await card.send(apdu('002A9E9A', randomBytes(255), '00'))).toBe('6A80');
  });

  it.each([
    ['PKCS#1', '47', constants.RSA_PKCS1_PADDING],
    ['OAEP with SHA-1', '87', constants.RSA_PKCS1_OAEP_PADDING],
  ])('decrypt %s', async (_what, algorithm, padding) => {
    const plain = randomBytes(48);
    const cryptogram = publicEncrypt({ key: rsaKey(), padding, oaepHash: 'sha1' }, plain);
    expect(await card.send(`002241B8068001${algorithm}840181`)).toBe('9000');
    const answer = await sendChained(card.applet, '2A8086', cryptogram, { le: '00' });
    expect(answer).toBe(`${hex(plain)}9000`);
    expect(await sendChained(card.applet, '2A8086', raw(randomBytes(256)), { le: '00' })).toBe(
      '6A80',
    );
  });

  it('decrypt an empty message', async () => {
    const cryptogram = publicEncrypt(
      { key: rsaKey(), padding: constants.RSA_PKCS1_PADDING },
      Buffer.alloc(0),
    );
    expect(await card.send('002241B806800147840181')).toBe('9000');
    expect(await sendChained(card.applet, '2A8086', cryptogram, { le: '00' })).toBe('9000');
  });

  it('decrypt raw', async () => {
    const block = Buffer.concat([bytes('00'), randomBytes(255)]);
    const cryptogram = publicEncrypt({ key: rsaKey(), padding: constants.RSA_NO_PADDING }, block);
    expect(await card.send('002241B806800107840181')).toBe('9000');
    const answer = await sendChained(card.applet, '2A8086', cryptogram, { le: '00' });
    expect(answer).toBe(`${hex(block)}9000`);
  });

  it('are deleted', async () => {
    const blob = card.vault.state.keys.get(0x81)?.keyPair?.blob ?? bytes('');
    expect(await card.send('00A4000C02B081')).toBe('9000');
    expect(await card.send('00E40000')).toBe('9000');
    expect(card.vault.releasedKeys).toContain(Buffer.from(blob).toString('hex'));
    expect(await card.send('00CB3FFF0A7008840181A5037F498000')).toBe('6A88');
    expect(await card.send('002A9E9A0431323334 00')).toBe('6A88');
  });

  async function openSignature(signature: Buffer): Promise<string> {
    const key = rsaKey();
    return hex(publicEncrypt({ key, padding: constants.RSA_NO_PADDING }, signature));
  }

  /** A number below any modulus of that length. */
  function raw(block: Buffer): Buffer {
    block[0] = 0;
    return block;
  }
});

describe('ECC keys', () => {
  it.each([
    ['P-256', 0x0c, 'sha256', 32],
    ['P-384', 0x0d, 'sha384', 48],
  ] as const)('%s signs digests', async (crv, algorithm, hash, length) => {
    const card = appletCard();
    await login(card);
    const id = hex(Uint8Array.of(algorithm));
    const template = (operation: number) =>
      `B609 8001${hex(Uint8Array.of(algorithm | operation))} 830181 950140`;
    const fcp = bytes(`820118 8302B081 8C058F10101000 A516${template(0x00)}${template(0x10)}`);
    expect(await card.send(apdu('00E00000', encodeTlv(0x62, fcp)))).toBe('9000');
    expect(await card.send('00440000')).toBe('9000');
    const answer = await card.send(`0047000008AC068001${id}83018100`);
    expect(answer.slice(-4)).toBe('9000');
    const point = decodeTlv(0x86, decodeTlv(0x7f49, bytes(answer.slice(0, -4))));
    expect(point).toHaveLength(1 + 2 * length);
    expect(point[0]).toBe(0x04);
    const key = createPublicKey({
      key: {
        kty: 'EC',
        crv,
        x: Buffer.from(point.subarray(1, 1 + length)).toString('base64url'),
        y: Buffer.from(point.subarray(1 + length)).toString('base64url'),
      },
      format: 'jwk',
    });
    const data = randomBytes(100);
    const digest = createHash(hash).update(data).digest();
    for (const operation of [0x00, 0x10]) {
      const choice = hex(Uint8Array.of(algorithm | operation));
      expect(await card.send(`002241B6068001${choice}840181`)).toBe('9000');
      const signature = await card.send(apdu('002A9E9A', digest, '00'));
      expect(signature).toHaveLength(4 * length + 4);
      const raw = bytes(signature.slice(0, -4));
      expect(verify(hash, data, { key, dsaEncoding: 'ieee-p1363' }, raw)).toBe(true);
    }
    expect(await card.send(apdu('002A9E9A', randomBytes(31), '00'))).toBe('6A80');
    expect(await card.send(`002241B6068001${hex(Uint8Array.of(algorithm | 0x50))}840181`)).toBe(
      '6A81',
    );
    expect(await card.send('002A9E9A0431323334')).toBe('6985');
    expect(await card.send(`002241B8068001${id}840181`)).toBe('6A81');
  });
});
