import { createHash, generateKeyPairSync, type KeyObject, randomBytes, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decodeTlv, decodeTlvs, encodeTlv } from '../../../lib/gids/tlv.js';
import {
  type AppletCard,
  apdu,
  appletCard,
  bytes,
  createKeyFile,
  fetchAll,
  hex,
  login,
  sendChained,
} from '../../support/applet-card.js';

const SHA256_INFO = '3031300D060960864801650304020105000420';

/** The DO 70 by which a key comes, as OpenSC builds it. */
function keyObject(keyValue: Uint8Array, { reference = 0x81, encryptedBy = 0x00 } = {}): Buffer {
  return encodeTlv(
    0x70,
    encodeTlv(0x84, Uint8Array.of(reference)),
    encodeTlv(
      0xa5,
      encodeTlv(0x83, Uint8Array.of(0x02)),
      encodeTlv(0x84, Uint8Array.of(encryptedBy)),
      encodeTlv(0x87, keyValue),
    ),
  );
}

async function cardWithFile(algorithm: number, allowKeyImport = true): Promise<AppletCard> {
  const card = appletCard({ allowKeyImport });
  await login(card);
  const operations = algorithm < 0x0a ? [0x50] : [0x10];
  expect(await card.send(createKeyFile(0x81, algorithm, { decrypt: [], sign: operations }))).toBe(
    '9000',
  );
  expect(await card.send('00440000')).toBe('9000');
  return card;
}

function rsaDer(modulusLength = 2048): { der: Buffer; publicKey: KeyObject } {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength });
  return { der: privateKey.export({ format: 'der', type: 'pkcs1' }), publicKey };
}

function ecDer(namedCurve: string): { der: Buffer; publicKey: KeyObject } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
  return { der: privateKey.export({ format: 'der', type: 'sec1' }), publicKey };
}

/** The key's integers without the zero byte that DER puts before a set first bit, as OpenSC sends them. */
function withoutSignBytes(der: Buffer): Buffer {
  const integers = decodeTlvs(decodeTlv(0x30, der)).map(({ value }) =>
    encodeTlv(0x02, value.length > 1 && value[0] === 0 ? value.subarray(1) : value),
  );
  return encodeTlv(0x30, ...integers);
}

async function signs(card: AppletCard, publicKey: KeyObject): Promise<boolean> {
  const data = randomBytes(50);
  const digest = createHash('sha256').update(data).digest();
  if (publicKey.asymmetricKeyType === 'rsa') {
    expect(await card.send('002241B606800157840181')).toBe('9000');
    const answer = await card.send(`002A9E9A33${SHA256_INFO}${hex(digest)}00`);
    const signature = bytes((await fetchAll(card.applet, answer)).slice(0, -4));
    return verify('sha256', data, publicKey, signature);
  }
  expect(await card.send('002241B60680011C840181')).toBe('9000');
  const answer = await card.send(apdu('002A9E9A', digest, '00'));
  const signature = bytes(answer.slice(0, -4));
  return verify('sha256', data, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature);
}

describe('key import', () => {
  it.each([
    ['as DER has it', (der: Buffer) => der],
    ['as OpenSC sends it', withoutSignBytes],
  ])('takes an RSA key %s', async (_what, form) => {
    const card = await cardWithFile(0x07);
    const { der, publicKey } = rsaDer();
    expect(await sendChained(card.applet, 'DB3FFF', keyObject(form(der)))).toBe('9000');
    expect(await signs(card, publicKey)).toBe(true);
  });

  it('takes an ECC key, with its public half or without', async () => {
    const card = await cardWithFile(0x0c);
    const whole = ecDer('P-256');
    expect(await sendChained(card.applet, 'DB3FFF', keyObject(whole.der))).toBe('9000');
    expect(await signs(card, whole.publicKey)).toBe(true);
    const other = ecDer('P-256');
    const [version, scalar] = decodeTlvs(decodeTlv(0x30, other.der));
    const bare = encodeTlv(
      0x30,
      encodeTlv(0x02, version?.value ?? bytes('')),
      encodeTlv(0x04, scalar?.value ?? bytes('')),
    );
    expect(await sendChained(card.applet, 'DB3FFF', keyObject(bare))).toBe('9000');
    expect(await signs(card, other.publicKey)).toBe(true);
    expect(card.vault.releasedKeys).toHaveLength(1);
  });

  it('answers the public key of what was imported', async () => {
    const card = await cardWithFile(0x0c);
    const { der, publicKey } = ecDer('P-256');
    expect(await sendChained(card.applet, 'DB3FFF', keyObject(der))).toBe('9000');
    const jwk = publicKey.export({ format: 'jwk' });
    const point = Buffer.concat([
      bytes('04'),
      Buffer.from(jwk.x ?? '', 'base64url'),
      Buffer.from(jwk.y ?? '', 'base64url'),
    ]);
    expect(await card.send('00CB3FFF0A7008840181A5037F498000')).toBe(`7F49438641${hex(point)}9000`);
  });

  it('is refused on a card made without it', async () => {
    const card = await cardWithFile(0x0c, false);
    expect(await sendChained(card.applet, 'DB3FFF', keyObject(ecDer('P-256').der))).toBe('6985');
    expect(card.applet.takeFailure()).toMatchObject({ code: 'ERR_KEY_IMPORT_NOT_ALLOWED' });
  });

  it.each([
    ['of another length', 0x07, () => keyObject(rsaDer(1024).der), '6A80'],
    ['of another type', 0x07, () => keyObject(ecDer('P-256').der), '6984'],
    ['of another curve', 0x0c, () => keyObject(ecDer('P-384').der), '6A80'],
    ['named another curve', 0x0c, () => keyObject(ecDer('secp256k1').der), '6A80'],
    ['out of range', 0x0c, () => keyObject(scalarOf(Buffer.alloc(32, 0xff))), '6984'],
    ['zero', 0x0c, () => keyObject(scalarOf(Buffer.alloc(32))), '6984'],
    ['with another public half', 0x0c, () => keyObject(mixedHalves()), '6984'],
    ['that does not fit together', 0x07, () => keyObject(mixedPrimes()), '6984'],
    ['cut off', 0x07, () => keyObject(rsaDer().der.subarray(0, 600)), '6984'],
    ['said to be encrypted', 0x0c, () => keyObject(ecDer('P-256').der, { encryptedBy: 1 }), '6A80'],
    ['for a missing file', 0x0c, () => keyObject(ecDer('P-256').der, { reference: 0x82 }), '6A88'],
    ['without a value', 0x0c, () => bytes('7008840181A503830102'), '6984'],
    ['without a template', 0x0c, () => bytes('7003840181'), '6A80'],
  ] as const)('refuses a key %s', async (_what, algorithm, object, answer) => {
    const card = await cardWithFile(algorithm);
    const before = card.vault.state;
    expect(await sendChained(card.applet, 'DB3FFF', object())).toBe(answer);
    expect(card.vault.state).toBe(before);
  });

  // OpenSSL signs well with such a key: it falls back to the private exponent.
  it.each([
    ['first prime', 4],
    ['second prime', 5],
  ])("refuses an RSA key whose %s is not the modulus's", async (_which, at) => {
    const card = await cardWithFile(0x07);
    const integers = decodeTlvs(decodeTlv(0x30, rsaDer().der)).map(({ value }) =>
      Buffer.from(value),
    );
    const prime = integers[at] ?? bytes('');
    prime[prime.length - 3] = (prime[prime.length - 3] ?? 0) ^ 0x10;
    const der = encodeTlv(0x30, ...integers.map((integer) => encodeTlv(0x02, integer)));
    expect(await sendChained(card.applet, 'DB3FFF', keyObject(der))).toBe('6984');
    expect(card.applet.takeFailure()).toBeUndefined();
  });

  it('needs the PIN', async () => {
    const card = await cardWithFile(0x0c);
    expect(await card.send('00200082')).toBe('9000');
    const uses = card.vault.keyUses;
    expect(await sendChained(card.applet, 'DB3FFF', keyObject(ecDer('P-256').der))).toBe('6982');
    expect(card.vault.keyUses).toBe(uses);
  });
});

function scalarOf(scalar: Buffer): Buffer {
  return encodeTlv(0x30, encodeTlv(0x02, bytes('01')), encodeTlv(0x04, scalar));
}

function mixedHalves(): Buffer {
  const [one, other] = [ecDer('P-256'), ecDer('P-256')].map(({ der }) =>
    decodeTlvs(decodeTlv(0x30, der)),
  );
  const objects = [...(one?.slice(0, 3) ?? []), ...(other?.slice(3) ?? [])];
  return encodeTlv(0x30, ...objects.map(({ tag, value }) => encodeTlv(tag, value)));
}

/** The modulus of one key with the private numbers of another. */
function mixedPrimes(): Buffer {
  const [one, other] = [rsaDer(), rsaDer()].map(({ der }) => decodeTlvs(decodeTlv(0x30, der)));
  const objects = [...(one?.slice(0, 3) ?? []), ...(other?.slice(3) ?? [])];
  return encodeTlv(0x30, ...objects.map(({ tag, value }) => encodeTlv(tag, value)));
}
