import { constants, createHash, publicEncrypt, randomBytes, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import type { NativeHash } from '../../../lib/native-windows.js';
import { addon, KeyLab, keyOfBlob, PIN, WRONG_PIN } from './support/key-lab.js';

const SILENT = 0x40;
const PKCS1 = 0x2;
const OAEP = 0x4;
const PSS = 0x8;
const EXISTS = 0x8009000f;
const NO_SUCH_KEY = 0x80090016;
const SILENT_CONTEXT = 0x80090022;
const NO_SUCH_CERTIFICATE = 0x8010002c;
const WRONG_CHV = 0x8010006b;
const CHV_BLOCKED = 0x8010006c;

const HASHES: readonly NativeHash[] = ['SHA1', 'SHA256', 'SHA384', 'SHA512'];

/** What the record has of a PIN's way into the cache and out: sizes count UTF-16 and its NUL. */
const pinProperty = (characters: number) => ({
  call: 'NCryptSetProperty',
  arguments: { property: 'SmartCardPin', size: 2 * characters + 2, flags: SILENT },
});
const GIVEN = pinProperty(PIN.length);
const DROPPED = pinProperty(0);
const OPENED = {
  call: 'NCryptOpenStorageProvider',
  arguments: { name: 'Microsoft Smart Card Key Storage Provider', flags: 0 },
};
const freed = (openHandles: number) => ({ call: 'NCryptFreeObject', arguments: { openHandles } });

function digest(hash: NativeHash, data: Buffer): Buffer {
  return createHash(hash.toLowerCase()).update(data).digest();
}

/** 30 82, and as many bytes as it says. */
function certificate(length: number): Buffer {
  return Buffer.concat([Buffer.from([0x30, 0x82, length >> 8, length & 255]), randomBytes(length)]);
}

test('an RSA key is made in its reader, silently, with the PIN in between, and nothing stays open', async () => {
  const lab = await KeyLab.fresh();
  await lab.make({ algorithm: 'RSA', bits: 2048 });
  const name = `\\\\.\\${lab.readers[0]}\\Key`;
  expect(await lab.calls()).toMatchObject([
    OPENED,
    {
      call: 'NCryptCreatePersistedKey',
      arguments: { algorithm: 'RSA', name, legacyKeySpec: 1, flags: 0 },
    },
    { call: 'NCryptSetProperty', arguments: { property: 'Length', size: 4, flags: SILENT } },
    GIVEN,
    { call: 'NCryptFinalizeKey', arguments: { flags: SILENT } },
    DROPPED,
    freed(2),
    freed(1),
  ]);
});

test('RSA signs by PKCS #1 and PSS with each hash', async () => {
  const lab = await KeyLab.fresh();
  await lab.make({ algorithm: 'RSA', bits: 2048 });
  const blob = await addon.readPublicKey(lab.key()).result;
  const key = keyOfBlob(blob);
  expect(key.asymmetricKeyDetails).toMatchObject({ modulusLength: 2048, publicExponent: 65537n });
  const data = randomBytes(100);
  for (const hashName of HASHES) {
    const hash = digest(hashName, data);
    const before = await lab.count();
    const request = { ...lab.key(), hashName };
    const pkcs1 = await addon.signHash({ ...request, padding: 'pkcs1' }, hash, PIN).result;
    const pss = await addon.signHash({ ...request, padding: 'pss' }, hash, PIN).result;
    const algorithm = hashName.toLowerCase();
    expect(verify(algorithm, data, key, pkcs1)).toBe(true);
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    expect(verify(algorithm, data, { key, padding, saltLength: hash.length }, pss)).toBe(true);
    const signed = (await lab.calls(before)).filter(({ call }) => call === 'NCryptSignHash');
    expect(signed.map((call) => call.arguments)).toEqual([
      { flags: SILENT | PKCS1, hashSize: hash.length, padding: { hash: hashName } },
      {
        flags: SILENT | PSS,
        hashSize: hash.length,
        padding: { hash: hashName, salt: hash.length },
      },
    ]);
  }
});

test('RSA decrypts by PKCS #1 and OAEP with each hash', async () => {
  const lab = await KeyLab.fresh();
  await lab.make({ algorithm: 'RSA', bits: 2048 });
  const key = keyOfBlob(await addon.readPublicKey(lab.key()).result);
  const secret = randomBytes(32);
  const pkcs1 = publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, secret);
  const before = await lab.count();
  const request = { ...lab.key(), padding: 'pkcs1', hashName: undefined } as const;
  expect(await addon.decrypt(request, pkcs1, PIN).result).toEqual(secret);
  for (const hashName of HASHES) {
    const oaep = publicEncrypt({ key, oaepHash: hashName.toLowerCase() }, secret);
    const plaintext = addon.decrypt({ ...request, padding: 'oaep', hashName }, oaep, PIN).result;
    expect(await plaintext).toEqual(secret);
  }
  const decrypted = (await lab.calls(before)).filter(({ call }) => call === 'NCryptDecrypt');
  expect(decrypted.map((call) => call.arguments)).toEqual([
    { flags: SILENT | PKCS1, padding: null },
    ...HASHES.map((hash) => ({ flags: SILENT | OAEP, padding: { hash, label: 0 } })),
  ]);
});

test.each([
  ['ECDSA_P256', 'prime256v1', 64],
  ['ECDSA_P384', 'secp384r1', 96],
] as const)('%s signs', async (algorithm, namedCurve, length) => {
  const lab = await KeyLab.fresh();
  await lab.make({ algorithm, keySpec: 2 });
  const key = keyOfBlob(await addon.readPublicKey(lab.key()).result);
  expect(key.asymmetricKeyDetails).toEqual({ namedCurve });
  const data = randomBytes(100);
  const before = await lab.count();
  const signature = await addon.signHash(
    { ...lab.key(), padding: 'none', hashName: 'SHA256' },
    digest('SHA256', data),
    PIN,
  ).result;
  expect(signature).toHaveLength(length);
  expect(verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
  expect(await lab.calls(before)).toMatchObject([
    OPENED,
    {
      call: 'NCryptOpenKey',
      arguments: { name: `\\\\.\\${lab.readers[0]}\\Key`, legacyKeySpec: 0, flags: SILENT },
    },
    GIVEN,
    { call: 'NCryptSignHash', arguments: { flags: SILENT, hashSize: 32, padding: null } },
    DROPPED,
    freed(2),
    freed(1),
  ]);
});

test('a list has the keys of its own reader', async () => {
  const lab = await KeyLab.fresh('ncrypt', 2);
  expect(await addon.listKeys(lab.card()).result).toEqual([]);
  await lab.make({ container: 'One', keySpec: 2 });
  await lab.make({ container: 'Zwölf Schlüssel', keySpec: 1 });
  await lab.make(lab.key('Elsewhere', 1));
  const before = await lab.count();
  expect(await addon.listKeys(lab.card()).result).toEqual([
    { container: 'One', keySpec: 2 },
    { container: 'Zwölf Schlüssel', keySpec: 1 },
  ]);
  const scope = { scope: `\\\\.\\${lab.readers[0]}\\`, flags: SILENT };
  const calls = await lab.calls(before);
  expect(
    calls.filter(({ call }) => call === 'NCryptEnumKeys').map((call) => call.arguments),
  ).toEqual([scope, scope, scope]);
  // Each name, then the state.
  expect(calls.at(-2)).toMatchObject({ call: 'NCryptFreeBuffer', arguments: { openBuffers: 1 } });
  expect(calls.at(-1)).toMatchObject(freed(1));
});

test('a certificate is written, read, and gone with its key', async () => {
  const lab = await KeyLab.fresh();
  await lab.make();
  expect(await addon.readCertificate(lab.key()).result).toBeNull();
  await lab.script('NCryptGetProperty', { result: NO_SUCH_CERTIFICATE });
  expect(await addon.readCertificate(lab.key()).result).toBeNull();
  const short = certificate(300);
  await addon.writeCertificate(lab.key(), short, PIN).result;
  expect(await addon.readCertificate(lab.key()).result).toEqual(short);
  // Longer than what is tried first.
  const long = certificate(5000);
  await addon.writeCertificate(lab.key(), long, PIN).result;
  expect(await addon.readCertificate(lab.key()).result).toEqual(long);
  const before = await lab.count();
  await addon.deleteKey(lab.key(), PIN).result;
  expect(await lab.calls(before)).toMatchObject([
    OPENED,
    { call: 'NCryptOpenKey' },
    { call: 'NCryptOpenKey' },
    GIVEN,
    { call: 'NCryptDeleteKey', arguments: { flags: SILENT } },
    DROPPED,
    freed(2),
    freed(1),
  ]);
  expect(await addon.listKeys(lab.card()).result).toEqual([]);
});

test('a name that is taken stays what it is, and one that is not there costs no try', async () => {
  const lab = await KeyLab.fresh();
  await lab.make();
  const blob = await addon.readPublicKey(lab.key()).result;
  await expect(lab.make()).rejects.toMatchObject({ code: 'HRESULT', hresult: EXISTS });
  expect(await addon.readPublicKey(lab.key()).result).toEqual(blob);
  const before = await lab.count();
  const sign = { ...lab.key('Missing'), padding: 'none', hashName: 'SHA256' } as const;
  await expect(addon.signHash(sign, randomBytes(32), WRONG_PIN).result).rejects.toMatchObject({
    code: 'HRESULT',
    hresult: NO_SUCH_KEY,
  });
  expect((await lab.calls(before)).map(({ call }) => call)).not.toContain('NCryptSetProperty');
});

test('a wrong PIN is refused until the card is blocked, and makes nothing', async () => {
  const lab = await KeyLab.fresh();
  const key = { ...lab.key(), algorithm: 'ECDSA_P256', bits: 0, keySpec: 1 } as const;
  const codes: unknown[] = [];
  for (let attempt = 1; attempt <= 6; attempt += 1) {
    const failed = addon.createKey(key, WRONG_PIN).result;
    codes.push(await failed.catch((error: { hresult: number }) => error.hresult));
  }
  expect(codes.slice(0, 4)).toEqual([WRONG_CHV, WRONG_CHV, WRONG_CHV, WRONG_CHV]);
  expect(codes.at(-1)).toBe(CHV_BLOCKED);
  await expect(lab.make()).rejects.toMatchObject({ hresult: CHV_BLOCKED });
  expect(await addon.listKeys(lab.card()).result).toEqual([]);
});

test('a PIN does not stay behind: the next call without one finds none', async () => {
  const lab = await KeyLab.fresh();
  await lab.make();
  const sign = { ...lab.key(), padding: 'none', hashName: 'SHA256' } as const;
  const signed = () => addon.signHash(sign, randomBytes(32), PIN).result;
  await signed();
  // A result of 0 does nothing: the PIN that this call gives is not taken.
  await lab.script('NCryptSetProperty', { result: 0 });
  await expect(signed()).rejects.toMatchObject({ hresult: SILENT_CONTEXT });
  // So it would be if the PIN were not dropped.
  await lab.script('NCryptSetProperty', null, { result: 0 }, { result: 0 });
  await signed();
  expect(await signed()).toHaveLength(64);
});

test('a PIN is dropped by another handle where the first fails, and one that stays is told', async () => {
  const lab = await KeyLab.fresh();
  await lab.make();
  const sign = { ...lab.key(), padding: 'none', hashName: 'SHA256' } as const;
  const told: unknown[] = [];
  const signed = () =>
    addon.signHash(sign, randomBytes(32), PIN, (name, value) => told.push([name, value])).result;
  await lab.script('NCryptSetProperty', null, { result: 0x80090020 });
  const before = await lab.count();
  expect(await signed()).toHaveLength(64);
  expect((await lab.calls(before)).slice(3)).toMatchObject([
    { call: 'NCryptSignHash' },
    DROPPED,
    OPENED,
    { call: 'NCryptSetProperty', arguments: { property: 'SmartCardReader', flags: SILENT } },
    DROPPED,
    freed(3),
    freed(2),
    freed(1),
  ]);
  expect(told).toEqual([]);
  await lab.script('NCryptSetProperty', { result: 0 });
  await expect(signed()).rejects.toMatchObject({ hresult: SILENT_CONTEXT });

  await lab.script('NCryptSetProperty', null, { result: 0x80090020 }, { result: 0x80090029 });
  expect(await signed()).toHaveLength(64);
  expect(told).toEqual([['pinLeft', 0x80090029]]);

  await lab.script('NCryptSetProperty', null, { result: 0x80090020 }, { result: 0x80090029 });
  await lab.script('NCryptSignHash', { result: 0x80090010 });
  await expect(signed()).rejects.toMatchObject({
    hresult: 0x80090010,
    message: expect.stringContaining('the provider still has the PIN'),
  });
});
