import {
  constants,
  createHash,
  createPublicKey,
  publicEncrypt,
  randomBytes,
  verify,
} from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeTlv, decodeTlvs, findTlv } from '../../../lib/gids/tlv.js';
import {
  apdu,
  appletCard,
  bytes,
  createKeyFile,
  fetchAll,
  hex,
  login,
  sendChained,
} from '../../support/applet-card.js';

/** DigestInfo of SHA-256, without the digest. */
const SHA256_INFO = '3031300D060960864801650304020105000420';

/** The templates that OpenSC gives a key for key exchange. */
const KEY_FILE = createKeyFile(0x81, 0x07, { decrypt: [0x00, 0x80, 0x40], sign: [0x10, 0x50] });

describe('keys', () => {
  const card = appletCard();
  let publicKey: Buffer;

  beforeAll(async () => {
    await login(card);
    expect(await card.send(KEY_FILE)).toBe('9000');
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
    const create = createKeyFile(0x81, algorithm, { decrypt: [], sign: [0x00, 0x10] });
    expect(await card.send(create)).toBe('9000');
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
